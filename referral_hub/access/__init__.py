"""Who may do what: a role, a permission, and the situation of the thing it is about. Pure.

`consent` decides whether data may go to an agency; this package decides whether a person may press
a button. The two never ask each other. A route's guard asks `allowed` (can this role ever do it),
the service asks `require` once it knows whose thing it is. Both read one table,
`access.table.TABLE`; nothing is granted by emptiness.

>>> require(actor, Permission.WITHDRAW_AGREEMENT, Situation(origin=row.origin_agency_id))
"""

from __future__ import annotations

from referral_hub.access.permissions import Permission
from referral_hub.access.predicates import Situation
from referral_hub.access.table import TABLE
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import Forbidden, NotFound

__all__ = ["Permission", "Situation", "allowed", "permits", "require"]


def allowed(role: Role, permission: Permission) -> bool:
    """Tell whether `role` may do this in any situation at all."""
    return permission in TABLE[role]


def permits(actor: Actor, permission: Permission, situation: Situation | None = None) -> bool:
    """Tell whether `actor` may do this here; for showing or hiding a button, never for refusing."""
    predicate = TABLE[actor.role].get(permission)
    return predicate is not None and predicate(actor, situation or Situation())


def require(actor: Actor, permission: Permission, situation: Situation | None = None) -> None:
    """Return if `actor` may do this here.

    Raises Forbidden when the role never may, and NotFound when the thing is not theirs: "not
    yours" and "not there" must look alike (no cross-agency existence oracle).
    """
    if not allowed(actor.role, permission):
        raise Forbidden("Your role does not include this.")
    if not permits(actor, permission, situation):
        raise NotFound
