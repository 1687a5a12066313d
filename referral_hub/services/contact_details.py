"""How people said that they are reached: read for a message to them, after the log says that it is.

Two fields of the sealed record are opened and nothing else: the mail address and what they said
about contact. They go to nobody but the person themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from consent.model import DataClass
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.unseal import open_fields
from referral_hub.domain.channels import for_a_message
from referral_hub.domain.codes import ContactMethod
from referral_hub.services import record
from referral_hub.services.casework import stored_record
from referral_hub.services.hub import Hub
from referral_hub.store import change
from referral_hub.store.cases import load
from referral_hub.store.outbox import Claimed
from referral_hub.store.person_codes import CodeRow

FIELDS = ("contact.email", "contact.preferences")


@dataclass(frozen=True, slots=True, repr=False)
class ContactOf:
    """How somebody is reached, and how never."""

    mail_address: str | None
    preferred: frozenset[ContactMethod]
    never: frozenset[ContactMethod]

    def __repr__(self) -> str:
        return "<ContactOf>"


def contact_of(
    hub: Hub, claims: Sequence[Claimed], codes: Mapping[UUID, CodeRow]
) -> dict[UUID, ContactOf]:
    """Return how the people of these referrals are reached, each with an entry that stands first.

    Raises LogUnavailable, CryptoError.
    """
    if not claims:
        return {}
    at = hub.clock()
    logged = [prepare(_look(claim, codes[claim.referral_id]), hub.keys, at) for claim in claims]
    with hub.database.working() as connection:
        change.write(connection, change.Change(logged))
        found = load(connection, set(codes), ()).cases
    ensure_integrated(hub.database, hub.integrator, [row.entry["id"] for row in logged])
    opened = {}
    for referral_id, rows in found.items():
        stored = stored_record(rows)
        names = [name for name in FIELDS if name in stored.ciphertexts]
        values = record.from_bytes(open_fields(hub.keys, stored, names))
        said = values.get("contact.preferences", {})
        opened[referral_id] = ContactOf(
            mail_address=values.get("contact.email"),
            preferred=frozenset(map(ContactMethod, said.get("preferred", ()))),
            never=frozenset(map(ContactMethod, said.get("never", ()))),
        )
    return opened


def _look(claim: Claimed, row: CodeRow) -> Event:
    return Event(
        type=EntryType.VIEW,
        sender=row.origin_agency_id,
        recipient=row.origin_agency_id,
        subject=SubjectKey(row.subject_id, row.origin_agency_id, row.wrapped_key or b""),
        referral_id=row.referral_id,
        purpose="message_to_person",
        classes=(DataClass.CONTACT.value,),
        outcome="permit",
        details={"effect": str(claim.id)} | for_a_message(),
    )
