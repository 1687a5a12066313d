"""A referral's routing plan as it is kept: who could help with each slot, in what order, and why
not the others.

Needs are not in it: they are sealed. A slot is known by its index, which the sealed needs repeat.
Nor is what would tell something of the person's life: who was left out because of it, or that the
person would rather be with some people than with others. The referrer sees that before sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from referral_hub.domain.routing_model import Candidate, Excluded, RouteReason, Slot

Json = Mapping[str, Any]
MOST_CANDIDATES = 20
MOST_EXCLUDED = 50

TELLING = frozenset(
    {
        RouteReason.NOT_ELIGIBLE,
        RouteReason.RULED_OUT,
        RouteReason.TOO_CLOSE,
        RouteReason.WISHED_COMPANY,
    }
)


def to_json(slots: Sequence[Slot]) -> list[Json]:
    """Return what `referral.plan` holds, ids and codes as they are."""
    return [
        {
            "candidates": [
                {
                    "service": candidate.service_id,
                    "agency": candidate.agency_id,
                    "reasons": [one for one in candidate.reasons if one not in TELLING],
                }
                for candidate in slot.candidates
            ],
            "excluded": [
                {
                    "service": row.service_id,
                    "agency": row.agency_id,
                    "reason": row.reason,
                }
                for row in [one for one in slot.excluded if one.reason not in TELLING][
                    :MOST_EXCLUDED
                ]
            ],
            "then": slot.then,
        }
        for slot in slots
    ]


def from_json(stored: Sequence[Json]) -> tuple[Slot, ...]:
    """Return the slots of a stored plan, without their needs."""
    return tuple(
        Slot(
            (),
            tuple(
                Candidate(
                    UUID(row["service"]) if row["service"] else None,
                    UUID(row["agency"]),
                    tuple(map(RouteReason, row["reasons"])),
                )
                for row in slot["candidates"]
            ),
            tuple(
                Excluded(UUID(row["service"]), UUID(row["agency"]), RouteReason(row["reason"]))
                for row in slot["excluded"]
            ),
            tuple(slot.get("then", ())),
        )
        for slot in stored
    )
