"""Ask the witnesses of the policy to cosign the newest checkpoint, and keep what they answer.

Nothing waits for a witness except an officer's bundle, for a moment: a referral must arrive while
another agency's machine is down. So absence is tolerated, and it shows where it matters, in the
bundle, which the officer's verifier refuses below the quorum. A witness is believed only as far as
its signature: of its answer the lines of its own key over this very checkpoint are kept.

A witness that remembers more than this log has, or another tree of the same size, says that the
log's past was changed: the database was restored or somebody signed twice. That is an error line,
every time; it is kept, shown on the officers' pages and reported by `hub verify-log`, until this
witness cosigns again.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from adapters.transports.witness_post import NoAnswer, Reply, WitnessPost
from consent.evidence.checkpoint import Verifier, parse_note, signature_line, verify_note
from consent.evidence.errors import EvidenceError
from consent.evidence.submission import Submission
from consent.evidence.tiles import Tiles
from consent.evidence.witness_policy import Party, WitnessPolicy
from referral_hub.clock import monotonic, pause
from referral_hub.errors import LogUnavailable
from referral_hub.services.hub import Hub
from referral_hub.store import cosignatures, log
from referral_hub.store.engine import Connection
from referral_hub.store.log import StoredCheckpoint

ROUND_SECONDS = 1.0
LONGEST_PAUSE = 60.0
SIZE_TYPE = "text/x.tlog.size"
UNPROVEN = 422

logger = logging.getLogger(__name__)
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class Asked(StrEnum):
    """What came of asking one witness."""

    KEPT = "kept"
    COSIGNED = "cosigned"
    ABSENT = "absent"
    REFUSED = "refused"
    UNBELIEVABLE = "unbelievable"
    OTHER_PAST = "other_past"


@dataclass
class Asking:
    """One process's patience with each witness: failures in a row, and when to ask again."""

    failures: dict[bytes, int] = field(default_factory=dict)
    again_at: dict[bytes, float] = field(default_factory=dict)

    def due(self, party: Party) -> bool:
        """Whether this witness may be asked now."""
        return monotonic() >= self.again_at.get(party.name, 0.0)

    def note(self, party: Party, outcome: Asked) -> None:
        """Wait twice as long after each failure, up to a minute."""
        good = outcome in {Asked.KEPT, Asked.COSIGNED}
        count = 0 if good else self.failures.get(party.name, 0) + 1
        self.failures[party.name] = count
        wait = min(LONGEST_PAUSE, 2.0 ** (count - 1)) if count else 0.0
        self.again_at[party.name] = monotonic() + wait


def ask_until(hub: Hub, go_on: Callable[[], bool]) -> None:
    """Ask about once a second while `go_on` says so; returns at once where nobody is to be asked.

    Every fault is a line in the log, and the next round comes.
    """
    asking = Asking()
    while _reachable(hub.witness_policy) and go_on():
        try:
            ask_witnesses(hub, asking)
        except Exception as error:  # noqa: BLE001 - a fault that nobody foresaw must not end it
            logger.warning("witness_round_failed", extra={"kind": type(error).__name__})
        until = monotonic() + ROUND_SECONDS
        while go_on() and monotonic() < until:
            pause(0.05)


def ask_witnesses(hub: Hub, asking: Asking | None = None) -> dict[bytes, Asked]:
    """Ask every witness that has an address, and return what came of each, by policy name.

    With `asking`, those whose turn it is; the first time also those who have cosigned already,
    because a database that was restored forgets what they remember.
    """
    found: dict[bytes, Asked] = {}
    parties = [p for p in _reachable(hub.witness_policy) if asking is None or asking.due(p)]
    if not parties:
        return found
    link = WitnessPost()
    try:
        for party in parties:
            first = asking is not None and party.name not in asking.failures
            found[party.name] = outcome = _ask(hub, link, party, even_if_kept=first)
            if asking is not None:
                asking.note(party, outcome)
            _report(outcome)
            _keep_answer(hub, party, outcome)
    finally:
        link.close()
    return found


def doubted_since(hub: Hub, connection: Connection) -> datetime | None:
    """Return since when a witness of the policy remembers another past of this log, if one does."""
    found = cosignatures.answers(connection, known_witnesses(hub))
    return min((at for outcome, at in found if outcome == Asked.OTHER_PAST), default=None)


def proving_checkpoint(hub: Hub, us: UUID, *, ask: bool = True) -> StoredCheckpoint:
    """Return the checkpoint to prove evidence by: one that covers the log of now, with as many
    cosignatures as it can have. With `ask`, the witnesses are asked first.

    Raises LogUnavailable while nothing is signed.
    """
    with hub.database.acting_for(us) as connection:
        newest = log.latest_checkpoint(connection)
    if newest is None:
        raise LogUnavailable("The log has no checkpoint, so nothing can be proved.")
    if not _reachable(hub.witness_policy):
        return newest
    if ask:
        ask_witnesses(hub)
    with hub.database.acting_for(us) as connection:
        known = known_witnesses(hub)
        return cosignatures.best(connection, known, at_least=newest.size) or newest


def known_witnesses(hub: Hub) -> Sequence[bytes]:
    """Return the key ids whose cosignatures a note is given out with."""
    policy = hub.witness_policy
    return [party.verifier.key_id for party in policy.witnesses] if policy else []


def _reachable(policy: WitnessPolicy | None) -> list[Party]:
    return [party for party in policy.witnesses if party.url] if policy else []


def _ask(hub: Hub, link: WitnessPost, party: Party, *, even_if_kept: bool) -> Asked:
    """Ask one witness, a second time from where it says that it stands."""
    with hub.database.working() as connection:
        newest = log.latest_checkpoint(connection)
        known = cosignatures.last_size(connection, party.verifier.key_id)
    old = min(known, newest.size) if newest is not None else 0
    if newest is None or (old == newest.size and not even_if_kept):
        return Asked.KEPT
    try:
        reply = link.add_checkpoint(str(party.url), _request(hub, newest, old))
        stands = _stands(reply)
        if stands is not None and stands != old and stands <= newest.size:
            reply = link.add_checkpoint(str(party.url), _request(hub, newest, stands))
    except NoAnswer:
        return Asked.ABSENT
    return _answered(hub, party.verifier, newest, reply)


def _answered(hub: Hub, key: Verifier, newest: StoredCheckpoint, reply: Reply) -> Asked:
    if reply.status == 200:
        return _keep(hub, key, newest, reply.body)
    stands = _stands(reply)
    if stands is not None and stands >= newest.size:
        return _beyond(hub, newest, stands)
    if reply.status == UNPROVEN:
        return Asked.OTHER_PAST
    return Asked.ABSENT if reply.status >= 500 else Asked.REFUSED


def _request(hub: Hub, newest: StoredCheckpoint, old: int) -> bytes:
    with hub.database.working() as connection:
        tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
        proof = tiles.consistency_proof(old, newest.size) if old < newest.size else []
    return Submission(old, tuple(proof), newest.note).build()


def _stands(reply: Reply) -> int | None:
    found = _SIZE.fullmatch(reply.body) if reply.content_type == SIZE_TYPE else None
    return int(found[1]) if reply.status == 409 and found else None


def _beyond(hub: Hub, asked: StoredCheckpoint, stands: int) -> Asked:
    """Tell a log that has grown meanwhile from one that has shrunk or was signed twice."""
    with hub.database.working() as connection:
        newest = log.latest_checkpoint(connection)
    grown = newest is not None and asked.size < newest.size and stands <= newest.size
    return Asked.KEPT if grown else Asked.OTHER_PAST


def _keep(hub: Hub, key: Verifier, newest: StoredCheckpoint, lines: bytes) -> Asked:
    """Store the line of this witness's own key, once its signature over this note is verified."""
    try:
        verified = verify_note(newest.note + lines, [key])
        offered = parse_note(newest.note + lines).signatures
        if verified.text != parse_note(newest.note).unverified_text:
            return Asked.UNBELIEVABLE
    except EvidenceError:
        return Asked.UNBELIEVABLE
    blob = next(s.signature for s in offered if (s.name, s.key_id) == (key.name, key.key_id))
    line = signature_line(key.name, key.key_id, blob)
    found = cosignatures.Cosignature(newest.size, key.key_id, line, verified.signers[0].time or 0)
    with hub.database.working() as connection:
        cosignatures.add(connection, found, at=hub.clock())
    return Asked.COSIGNED


def _keep_answer(hub: Hub, party: Party, outcome: Asked) -> None:
    """Keep what says something about the log; silence does not take back what was said before."""
    if outcome in {Asked.COSIGNED, Asked.OTHER_PAST}:
        with hub.database.working() as connection:
            key_id = party.verifier.key_id
            cosignatures.answered(connection, key_id, outcome.value, at=hub.clock())


def _report(outcome: Asked) -> None:
    if outcome is Asked.OTHER_PAST:
        logger.error("witness_remembers_another_past", extra={"outcome": outcome.value})
    elif outcome in {Asked.ABSENT, Asked.REFUSED, Asked.UNBELIEVABLE}:
        logger.warning("witness_did_not_cosign", extra={"outcome": outcome.value})
