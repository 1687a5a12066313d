"""Built assets by their plain names: `asset("hub.css")` is the address of the newest build.

File names carry the hash of their content, so a browser may keep them for ever. Where nothing has
been built the plain name is used and the pages work without style.
"""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, url_for

_FOR_EVER = 31_536_000


def teach_assets(app: Flask, built: Path) -> None:
    """Give templates `asset(name)`, from the manifest that the asset build wrote."""
    manifest = built / "manifest.json"
    names: dict[str, str] = json.loads(manifest.read_text()) if manifest.exists() else {}
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _FOR_EVER

    def asset(name: str) -> str:
        return url_for("static", filename=names.get(name, name))

    app.jinja_env.globals["asset"] = asset
