"""Built assets by their plain names: `asset("hub.css")` is the address of the newest build.

File names carry the hash of their content, so a browser may keep them for ever. They are compressed
once, when the process starts, because a doorstep's telephone pays for every byte; pages are not,
because they hold form tokens beside text that others wrote (BREACH). Where nothing has been built
the plain name is used and the pages work without style.
"""

from __future__ import annotations

import gzip
import json
import mimetypes
from pathlib import Path

from flask import Flask, Response, request, url_for

FOR_EVER = "public, max-age=31536000, immutable"
_TEXT = frozenset({".css", ".js", ".svg"})


def teach_assets(app: Flask, built: Path) -> None:
    """Serve `built` compressed, and give templates `asset(name)` from its manifest."""
    manifest = built / "manifest.json"
    names: dict[str, str] = json.loads(manifest.read_text()) if manifest.exists() else {}
    packed = {
        name: gzip.compress((built / name).read_bytes(), 9, mtime=0)
        for name in names.values()
        if Path(name).suffix in _TEXT
    }

    def asset(name: str) -> str:
        return url_for("static", filename=names.get(name, name))

    def serve(filename: str) -> Response:
        response = _packed(packed[filename], filename) if _wants(packed, filename) else None
        response = response or app.send_static_file(filename)
        response.headers["Cache-Control"] = FOR_EVER
        response.vary.add("Accept-Encoding")
        return response

    app.jinja_env.globals["asset"] = asset
    app.view_functions["static"] = serve


def _wants(packed: dict[str, bytes], filename: str) -> bool:
    return filename in packed and request.accept_encodings.quality("gzip") > 0


def _packed(content: bytes, filename: str) -> Response:
    kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    response = Response(content, mimetype=kind)
    response.headers["Content-Encoding"] = "gzip"
    return response
