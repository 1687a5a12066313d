"""What somebody began about a person and did not finish: its kinds, and how it was found to be so.

Nothing begun points at a person. Whoever reads one of these is told how it was found: the same name
and birthday may be a twin's, a number or a page of the person's own referral are nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class UnfinishedKind(StrEnum):
    """A half-filled referral, a page kept after a time-out, or an item that waits."""

    DRAFT = "draft"
    KEPT = "kept"
    STAGED = "staged"


@dataclass(frozen=True, slots=True)
class UnfinishedName:
    """Which one: a kind and a random id, as text `draft:0190…`."""

    kind: UnfinishedKind
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def of(cls, text: str) -> UnfinishedName:
        """Read what `str` gave. Raises ValueError."""
        kind, _, named = text.partition(":")
        return cls(UnfinishedKind(kind), UUID(named))


class FoundBy(StrEnum):
    """What shows that it is about the person, the surest first."""

    NHS_NUMBER = "nhs_number"
    OWN_REFERRAL = "own_referral"
    NAME_AND_BIRTH = "name_and_birth"

    @property
    def certain(self) -> bool:
        """Whether it can be about nobody else."""
        return self is not FoundBy.NAME_AND_BIRTH
