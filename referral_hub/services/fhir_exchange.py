"""What FHIR senders need besides the hub's own use cases: their own identifier of a referral.

A sender names a referral by an identifier of its own when it changes or cancels it. That identifier
may say something about a person (surgeries use patient numbers), so it is not stored: a keyed hash
of it, within the sender's agency, becomes the id of the referral's draft, which is unique and is
looked up under row-level security. The same identifier can thus never be two referrals, and another
agency's same identifier is another one.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.crypto.fingerprints import request_fingerprint
from referral_hub.domain.commands import Actor
from referral_hub.domain.staging import StagedState
from referral_hub.domain.transitions import FHIR_STATUS, TaskState
from referral_hub.errors import Conflict, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import ReferralView, read_referral
from referral_hub.services.task_inbox import PAGE, TaskPage
from referral_hub.store import referrals, staging

_KIND = b"fhir-identifier"
_WAITS = "It is not complete and waits for your agency's staff. Ask them."


def draft_of(hub: Hub, agency_id: UUID, own_id: tuple[str, str]) -> UUID:
    """The draft id that stands for a sender's own identifier (system, value)."""
    said = b"\0".join(
        [agency_id.bytes, *(part.encode("utf-8", "surrogatepass") for part in own_id)]
    )
    digest = request_fingerprint(hub.settings.secret_key, _KIND, said)
    # version 4 marks random bits, which a keyed hash is to everybody else
    return UUID(bytes=digest[:16], version=4)


def referral_named(hub: Hub, actor: Actor, own_id: tuple[str, str]) -> ReferralView:
    """The agency's referral that came under its own identifier, at once or through its staff.

    Raises NotFound, Conflict (it waits for them).
    """
    named = draft_of(hub, actor.agency_id, own_id)
    with hub.database.acting_for(actor.agency_id) as connection:
        waited = staging.became(connection, named)
        if waited is None:
            return read_referral(hub, actor, referrals.by_draft(connection, named).id)
    state, referral_id = waited
    if state == StagedState.WAITING:
        raise Conflict(_WAITS)
    if referral_id is None:
        raise NotFound
    return read_referral(hub, actor, referral_id)


def search_tasks(
    hub: Hub, actor: Actor, *, statuses: frozenset[str] | None, before: UUID | None
) -> TaskPage:
    """The tasks that reached the agency, newest first, with one of these FHIR statuses."""
    access.require(actor, Permission.LIST_TASKS)
    states = None
    if statuses is not None:
        states = [state.value for state in TaskState if FHIR_STATUS[state] in statuses]
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = referrals.received_by(
            connection, actor.agency_id, before=before, most=PAGE + 1, states=states
        )
    shown = rows[:PAGE]
    return TaskPage(shown, shown[-1].id if len(rows) > PAGE else None, frozenset())
