"""The web application, put together: what guards every request, then the table of routes.

Nothing is decided here. The order matters once: form checks and CSRF come before any guard, and a
guard before any view.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from referral_hub.clock import monotonic
from referral_hub.observe import Metrics, RequestLog
from referral_hub.services.hub import Hub
from referral_hub.web.api_guards import echo_correlation
from referral_hub.web.assets_manifest import teach_assets
from referral_hub.web.doorstep_pace import DoorstepPace
from referral_hub.web.emergency_reviews import counter
from referral_hub.web.fhir_wire import for_fhir
from referral_hub.web.guards import NotSignedIn, register
from referral_hub.web.headers import harden
from referral_hub.web.hosts import refuse_odd_hosts
from referral_hub.web.in_time import answer_in_time
from referral_hub.web.kept import ask_to_sign_in
from referral_hub.web.my import OwnPageClosed, closed
from referral_hub.web.officer import doubt
from referral_hub.web.rates import Rates, tell_rates
from referral_hub.web.rendering import teach_templates
from referral_hub.web.responses import answer_errors
from referral_hub.web.routes import ROUTES
from referral_hub.web.session import keep_sessions
from referral_hub.web.throttle import PERSONS, Throttle
from referral_hub.web.visits import VisitOver, over

_WEB = Path(__file__).parent / "web"


def create_app(hub: Hub, *, metrics: Metrics | None = None) -> Flask:
    """Return the WSGI application over `hub`."""
    app = Flask(
        "referral_hub",
        template_folder=str(_WEB / "templates"),
        static_folder=str(_WEB / "static" / "build"),
        static_url_path="/static",
    )
    teach_templates(app)
    app.jinja_env.globals["alerts_waiting"] = counter(hub)
    app.jinja_env.globals["log_doubted"] = doubt(hub)
    teach_assets(app, _WEB / "static" / "build")
    _observe(app, RequestLog(metrics or Metrics()))
    harden(app, production=hub.settings.production)
    keep_sessions(app, hub)
    app.extensions["throttle"] = Throttle(hub.settings.redis_url, hub.settings.secret_key)
    app.extensions["person_throttle"] = Throttle(
        hub.settings.redis_url, hub.settings.secret_key, PERSONS, what="own-page"
    )
    app.extensions["rates"] = Rates(
        hub.settings.redis_url, hub.settings.secret_key, hub.clock, hub.settings.quotas
    )
    tell_rates(app)
    echo_correlation(app)
    answer_in_time(app, for_fhir)
    app.extensions["doorstep"] = DoorstepPace(hub.settings.redis_url, hub.settings.secret_key)
    app.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False)
    CSRFProtect(app)
    answer_errors(app)
    app.register_error_handler(NotSignedIn, lambda _error: ask_to_sign_in(hub))
    app.register_error_handler(VisitOver, over)
    app.register_error_handler(OwnPageClosed, lambda _error: closed(hub))
    register(app, hub, ROUTES)
    if hub.settings.trusted_proxies:
        _believe_proxies(app, hub.settings.trusted_proxies)
    app.wsgi_app = refuse_odd_hosts(app.wsgi_app)  # type: ignore[method-assign, assignment]  # likewise
    return app


def _believe_proxies(app: Flask, number: int) -> None:
    """Take the caller's address from our own proxies; host and scheme are the settings' alone."""
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask's documentation has it
        app.wsgi_app, x_for=number, x_proto=0, x_host=0
    )


def _observe(app: Flask, log: RequestLog) -> None:
    """Time each request and write its line: the route's template, never the path."""

    @app.before_request
    def _begin() -> None:
        g.began = monotonic()

    @app.after_request
    def _end(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else None
        user = g.get("_login_user")
        log.served(
            request.method,
            rule,
            status=response.status_code,
            seconds=monotonic() - g.began,
            agency_id=user.actor.agency_id if user and user.is_authenticated else None,
        )
        return response
