"""Who is signed in: Flask-Login over the server-side session table.

The browser's cookie is signed and holds a random token and the form token, nothing else; what the
token means, and whether it still means anything, is the service's answer at each request. The
remember-me cookie of Flask-Login is never issued and never read. `SameSite=Lax` and the form token
guard against other sites; the `__Host-` name keeps sub-domains from setting the cookie in
production.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, session
from flask_login import LoginManager, UserMixin, login_user, logout_user

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import Principal, SignedIn, resume


class StaffUser(UserMixin):  # type: ignore[misc]  # flask_login has no types
    """A signed-in person for the length of one request; `get_id` is the session token."""

    def __init__(self, token: str, principal: Principal) -> None:
        self._token = token
        self.actor: Actor = principal.actor
        self.display_name = principal.display_name
        self.agency_name = principal.agency_name

    def __repr__(self) -> str:
        return "<StaffUser>"

    def get_id(self) -> str:
        """The token in the cookie."""
        return self._token


class SessionOnly(LoginManager):  # type: ignore[misc]  # flask_login has no types
    """Flask-Login without its remember-me cookie, which it would read although we never set it."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        del cookie

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def keep_sessions(app: Flask, hub: Hub) -> None:
    """Teach `app` who is signed in, and what its cookie looks like."""
    production = hub.settings.production
    app.config.update(
        SECRET_KEY=hub.settings.secret_key,
        SESSION_COOKIE_NAME="__Host-hub" if production else "hub",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_PATH="/",
    )
    manager = SessionOnly()
    manager.session_protection = None
    manager.init_app(app, add_context_processor=False)

    @manager.user_loader  # type: ignore[untyped-decorator]  # flask_login has no types
    def _load(token: Any) -> StaffUser | None:
        principal = resume(hub, str(token))
        return StaffUser(str(token), principal) if principal else None


def current_token() -> str | None:
    """The token in this request's cookie, whether or not it is still good for anything."""
    token = session.get("_user_id")
    return token if isinstance(token, str) else None


def begin(signed_in: SignedIn) -> None:
    """Start a session under a new token; what the cookie held before is forgotten (fixation)."""
    session.clear()
    login_user(StaffUser(signed_in.token, signed_in.principal))


def end() -> None:
    """Forget the token in the browser; the service has already ended it on the server."""
    logout_user()
    session.clear()
