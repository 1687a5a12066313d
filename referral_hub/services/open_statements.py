"""What was written about deciding for a person, opened for the agency that wrote it or was told.

Called by `release.view_own` once its look stands in the log, and by nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub.crypto.records import NoteContext, SealedNote
from referral_hub.crypto.unseal import open_note, open_statement
from referral_hub.domain.codes import StatementKind
from referral_hub.services.hub import Hub
from referral_hub.services.speaking_for import statement_context
from referral_hub.store.statements import DecisionRow, StatementRow


@dataclass(frozen=True, slots=True, repr=False)
class OpenedStatement:
    """Words about deciding for a person, by what they are (`by`, `why`, `seen` …)."""

    kind: StatementKind
    words: Mapping[str, str]
    at: datetime

    def __repr__(self) -> str:
        return f"<OpenedStatement {self.kind.value}>"


def open_statements(
    hub: Hub, wrapped_subject_key: bytes, rows: Sequence[StatementRow]
) -> list[OpenedStatement]:
    """Open statements with the person's key. Raises CryptoError."""
    opened = []
    for row in rows:
        kind = StatementKind(row.kind)
        words = open_statement(
            hub.keys,
            wrapped_subject_key=wrapped_subject_key,
            context=statement_context(row.id, kind, row.origin_agency_id, row.subject_id),
            sealed=row.sealed_words,
        )
        opened.append(OpenedStatement(kind, json.loads(words), row.recorded_at))
    return opened


def open_decisions(hub: Hub, agency_id: UUID, rows: Sequence[DecisionRow]) -> list[OpenedStatement]:
    """Open a council's reasons about a child for one of the two agencies. Raises CryptoError."""
    opened = []
    for row in rows:
        context, note = _note(row)
        words = open_note(hub.keys, agency_id=str(agency_id), context=context, note=note)
        kind = StatementKind.CHILD_DECISION
        opened.append(OpenedStatement(kind, {"why": words.decode()}, row.decided_at))
    return opened


def _note(row: DecisionRow) -> tuple[NoteContext, SealedNote]:
    context = NoteContext(
        note_id=str(row.id),
        task_id=str(row.task_id),
        origin_agency=str(row.origin_agency_id),
        recipient_agency=str(row.owner_agency_id),
    )
    note = SealedNote(
        row.wrapped_for_origin, row.wrapped_for_owner, row.key_commitment, row.ciphertext
    )
    return context, note
