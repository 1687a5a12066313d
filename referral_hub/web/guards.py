"""Who may reach a route, said beside the route and never inside a view.

A `Route` joins an address, a view and a guard; `register` puts the guard in front of the view. The
guard admits before anything about the address's ids is looked up, so a refusal tells nothing about
what exists. What is returned by `admit` is what the view is given after the hub:

    PUBLIC, BY_LINK           view(hub, **ids); the form behind a link has a token of its own
    PUBLIC_COUNTED            view(hub, **ids): anybody, so many times a minute for an address
    SIGNED_IN, staff(...)     view(hub, actor, **ids)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Flask
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.errors import Forbidden, HubError
from referral_hub.services.hub import Hub
from referral_hub.web.rates import count_address

View = Callable[..., Any]


class NotSignedIn(HubError):
    """Nobody is signed in, or the session has timed out."""

    def __init__(self) -> None:
        super().__init__("Sign in to see this page.")


@dataclass(frozen=True, slots=True)
class Guard:
    """`admit(hub)` returns what the view is given, or raises; `label` is for the reviewed table."""

    label: str
    admit: Callable[[Hub], tuple[Any, ...]]
    csrf: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One address with its methods, the function that answers, and who may reach it."""

    rule: str
    view: View
    guard: Guard
    methods: tuple[str, ...] = field(default=("GET",))

    @property
    def endpoint(self) -> str:
        """`module.function`, the name that `url_for` takes."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"


def register(app: Flask, hub: Hub, routes: Iterable[Route]) -> None:
    """Add `routes` to `app`, each behind its guard; only a guard frees a route from CSRF checks."""
    protection: CSRFProtect = app.extensions["csrf"]
    for route in routes:
        guarded = _guarded(hub, route)
        if not route.guard.csrf:
            protection.exempt(guarded)
        app.add_url_rule(
            route.rule,
            route.endpoint,
            guarded,
            methods=route.methods,
            provide_automatic_options=False,
        )


def staff(permission: Permission) -> Guard:
    """Signed-in staff whose role includes `permission`."""

    def admit(_hub: Hub) -> tuple[Actor]:
        actor = _signed_in()
        if not access.allowed(actor.role, permission):
            raise Forbidden("Your role does not include this page.")
        return (actor,)

    return Guard(f"staff: {permission}", admit)


def streaming(permission: Permission) -> Guard:
    """Like `staff`, for a file that is read as it arrives: `web.upload` checks its form token."""
    return Guard(f"staff: {permission}", staff(permission).admit, csrf=False)


def _signed_in() -> Actor:
    if not current_user.is_authenticated:
        raise NotSignedIn
    actor: Actor = current_user.actor
    return actor


def _counted() -> tuple[()]:
    count_address()
    return ()


def _guarded(hub: Hub, route: Route) -> View:
    @wraps(route.view)
    def view(**ids: Any) -> Any:
        return route.view(hub, *route.guard.admit(hub), **ids)

    return view


PUBLIC = Guard("public", lambda _hub: ())
PUBLIC_COUNTED = Guard("public, counted for the address", lambda _hub: _counted())
BY_LINK = Guard("by link", lambda _hub: (), csrf=False)
SIGNED_IN = Guard("signed in", lambda _hub: (_signed_in(),))
