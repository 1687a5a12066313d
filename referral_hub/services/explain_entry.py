"""What one decision, disclosure or look rested on, gathered for an officer who was not there.

The log entry says what was decided, on which bases and by which rules. The ledger of the person's
agreements, folded as it stood at that instant, says what they had agreed to; and where the records
still lead to the same answer the decision is worked out again, which tells what was left out and
why. Only the sender's officer reads the ledger. That an explanation was read stands in the log. The
limit: records that changed since (an agreement between agencies, a flag) can change the answer;
then it is told from the entry alone, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from consent.evidence.entry import Entry, EntryType
from consent.ledger import Grant, fold
from consent.model import ConsentEvent, Outcome, Permit, Purpose, Stage
from consent.policy import current_policy
from referral_hub.audit.decisions import Verdict, outcome_code
from referral_hub.domain.commands import Actor
from referral_hub.errors import CryptoError, NotFound
from referral_hub.services.audit_entry import Inclusion, entry
from referral_hub.services.audit_filters import Filters
from referral_hub.services.audit_log import Logged
from referral_hub.services.casework import case_of
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Asked, Report, log_once
from referral_hub.services.place import Case, ask
from referral_hub.services.replay_decisions import replay_entry
from referral_hub.store import audit_log
from referral_hub.store.cases import load

EXPLAINED = frozenset({EntryType.DECISION, EntryType.RELEASE, EntryType.VIEW, EntryType.OVERRIDE})


@dataclass(frozen=True, slots=True, repr=False)
class Agreed:
    """Something the person said that stood in the ledger at the time.

    `names_recipient`: it names the agency concerned; `in_force`: it granted something to it then.
    """

    event: ConsentEvent
    names: Sequence[str]
    names_recipient: bool
    in_force: bool

    def __repr__(self) -> str:
        return "<Agreed>"


@dataclass(frozen=True, slots=True, repr=False)
class Explained:
    """An entry with its proof, what the person had said, and the decision worked out again.

    `ours` is False for an officer who is not the sender's: the ledger is not theirs. `again` is
    None where the records no longer lead to the entry's answer, or where nothing was decided.
    `replayed` is what came of making it again from what the entry committed to, None where that is
    not this officer's to open or the rules decided nothing.
    """

    logged: Logged
    inclusion: Inclusion
    ours: bool
    erased: bool
    agreed: Sequence[Agreed]
    again: Outcome | None
    replayed: Verdict | None = None

    def __repr__(self) -> str:
        return "<Explained>"


def explain(hub: Hub, actor: Actor, entry_id: UUID) -> Explained:
    """Return what explains an entry; the look is logged, once a quarter of an hour.

    Raises NotFound: not ours, not there, or not an entry of something decided or shown.
    """
    logged, inclusion = entry(hub, actor, entry_id)
    row = logged.row
    if row.type not in EXPLAINED or logged.entry is None:
        raise NotFound
    with hub.database.acting_for(actor.agency_id) as connection:
        names = audit_log.agencies(connection)
        asked = Asked(Report.EXPLANATION, Filters(entry=entry_id), row.referral_id)
        log_once(hub, actor, asked, connection)
    ours = row.sender_agency_id == actor.agency_id
    case, erased = _case(hub, logged) if ours else (None, False)
    return Explained(
        logged=logged,
        inclusion=inclusion,
        ours=ours,
        erased=erased,
        agreed=_agreed(case, logged, names) if case else (),
        again=_again(case, logged.entry, row.recipient_agency_id) if case else None,
        replayed=_replayed(hub, entry_id) if ours else None,
    )


def _replayed(hub: Hub, entry_id: UUID) -> Verdict | None:
    with hub.database.working() as connection:
        sealed = audit_log.sealed_openings(connection, [entry_id]).get(entry_id)
    return replay_entry(hub, sealed) if sealed is not None else None


def _case(hub: Hub, logged: Logged) -> tuple[Case | None, bool]:
    """Return the case as its records stand now, and whether its person was erased."""
    row = logged.row
    if row.referral_id is None:
        return None, False
    others = [row.recipient_agency_id] if row.recipient_agency_id else []
    with hub.database.working() as connection:
        batch = load(connection, [row.referral_id], others)
    try:
        return case_of(batch, batch.cases[row.referral_id]), False
    except CryptoError:
        return None, True


def _agreed(case: Case, logged: Logged, names: dict[UUID, str]) -> list[Agreed]:
    """Return what had been recorded by then, the newest first."""
    at, recipient = logged.row.at, str(logged.row.recipient_agency_id)
    ledger = fold(case.events, str(case.subject.id), at)
    return [
        Agreed(
            event=event,
            names=sorted(names.get(UUID(one), one) for one in event.recipients),
            names_recipient=recipient in event.recipients,
            in_force=recipient in event.recipients
            and event in ledger.granting
            and isinstance(ledger.stands(event, recipient, at), Grant),
        )
        for event in sorted(case.events, key=lambda event: event.recorded_at, reverse=True)
        if event.recorded_at <= at
    ]


def _again(case: Case, entry: Entry, recipient: UUID | None) -> Outcome | None:
    """Decide again with the facts as they are recorded for that instant; None where it differs."""
    if recipient is None or entry.purpose != Purpose.SUPPORT or not entry.rules:
        return None
    if entry.policy_hash != current_policy().hash:
        return None
    stage = Stage(str(entry.details.get("stage", Stage.OFFER.value)))
    outcome = ask(case, recipient, stage, role="hub", at=entry.at).outcome
    same = outcome_code(outcome) == entry.outcome
    if isinstance(outcome, Permit):
        same = same and tuple(sorted(outcome.classes)) == entry.classes
    elif same:
        same = outcome.reason.value == entry.details.get("reason")
    return outcome if same else None
