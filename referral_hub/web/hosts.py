"""A request whose Host is no host is refused before Flask sees it.

Werkzeug answers such a request without routing it, and a page cannot be drawn without routes: the
error page itself would fail. Which host was asked never matters: addresses are built from the
settings or are relative, so nobody is led elsewhere by a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])?(:[0-9]{{1,5}})?")
_LONGEST = 260


def refuse_odd_hosts(app: WSGIApplication) -> WSGIApplication:
    """Return `app` behind a check of the Host header: 400 in one plain line for an odd one."""

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if len(host) <= _LONGEST and _HOST.fullmatch(host):
            return app(environ, start_response)
        refusal = Response("The Host header is not a host.\n", 400, mimetype="text/plain")
        refusal.headers["Cache-Control"] = "no-store"
        return refusal(environ, start_response)

    return checked
