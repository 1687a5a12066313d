"""What a log entry's commitments are about, and for whom they may be opened.

An entry names nobody; its sealed openings do, by id: the member of staff who acted, the person, the
referral, the facts relied on. They are opened to compare the index columns with them (nothing is
shown), and for an officer who asks about one entry or takes a bundle away. An officer is shown
their own agency's side only: who acted if it was their staff, the person and the facts if the
person is theirs, the referral if their agency is a party. The person's id is never shown to another
agency: it is the same in every referral of that person, and would join them.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub.audit.commitments import Opener, Openings
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import OpeningsContext
from referral_hub.crypto.unseal import open_agency_openings, open_openings
from referral_hub.errors import CryptoError
from referral_hub.store.log_check import CommittedRow

OF_THE_PERSON = frozenset({"subject", "facts", "inputs"})


def opener(keys: KeyService) -> Opener:
    """Return what opens a row's sealed openings: field → (salt, value); it raises CryptoError."""

    def open_row(row: CommittedRow) -> Openings:
        if not row.sealed or row.agency is None:
            raise CryptoError("there is nothing sealed beside this entry")
        if row.sealed_for is None:
            return open_agency_openings(
                keys, agency_id=str(row.agency), entry_id=str(row.id), sealed=row.sealed
            )
        if row.wrapped_key is None:
            raise CryptoError("the person's key is gone")
        context = OpeningsContext(str(row.id), str(row.owner), str(row.sealed_for))
        return open_openings(
            keys, wrapped_subject_key=row.wrapped_key, context=context, sealed=row.sealed
        )

    return open_row


def openable(officer: UUID, *, sender: UUID | None, actor: UUID | None) -> frozenset[str]:
    """Return the commitment fields that an officer of a party to the entry may see opened.

    `actor` is the acting agency, the sender itself where the entry names none.
    """
    fields = {"record"}
    if officer == (actor or sender):
        fields.add("actor")
    if officer == sender:
        fields |= OF_THE_PERSON
    return frozenset(fields)
