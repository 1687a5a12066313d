"""What somebody began about a person and did not finish: its kinds, and how it was found to be so.

Nothing begun points at a person. Whoever reads one of these is told how it was found: the same name
and birthday may be a twin's, a number or a page of the person's own referral are nobody else's.
"""

from __future__ import annotations

from enum import StrEnum


class UnfinishedKind(StrEnum):
    """A half-filled referral, a page kept after a time-out, or an item that waits."""

    DRAFT = "draft"
    KEPT = "kept"
    STAGED = "staged"


class FoundBy(StrEnum):
    """What shows that it is about the person, the surest first."""

    NHS_NUMBER = "nhs_number"
    OWN_REFERRAL = "own_referral"
    NAME_AND_BIRTH = "name_and_birth"

    @property
    def certain(self) -> bool:
        """Whether it can be about nobody else."""
        return self is not FoundBy.NAME_AND_BIRTH
