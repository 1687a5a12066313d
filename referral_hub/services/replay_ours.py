"""An officer's replay: the decisions about their own agency's people, made again and compared.

That it was run, and what came of it, stands in the log. The limit: a request makes the newest
`MOST` decisions again and says so where there are more; an operator replays the whole log with
`hub replay-decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append, report_event
from referral_hub.services.replay_decisions import Replayed, replay_decisions

MOST = 5_000


@dataclass(frozen=True, slots=True)
class OurReplay:
    """What came of it; `older` says that decisions before these were left."""

    replayed: Replayed
    older: bool


def replay_ours(hub: Hub, actor: Actor) -> OurReplay:
    """Make the agency's newest decisions again; logged. Raises Forbidden, ServiceUnavailable."""
    access.require(actor, Permission.VERIFY_LOG)
    outcome = replay_decisions(hub, agency_id=actor.agency_id, newest=MOST)
    total = outcome.counts.total()
    details = {
        "decisions": total,
        "problems": sum(outcome.counts[verdict] for verdict in outcome.bad()),
    }
    result = "verified" if outcome.ok else "not_verified"
    append(hub, actor, report_event(actor, Report.REPLAY, outcome=result, details=details))
    return OurReplay(outcome, older=outcome.left)
