"""Whether the evidence of a basis is there, and the ground of a permit that needs no consent.

Emergency access (R12) and a safeguarding concern (R13) rest on what the policy's table says for
them. Each code's evidence is looked for among what is present; a missing or blank one refuses (R02)
and the ground is not laid. The limit: whether what was written is true is for whoever reviews it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from consent.codes import RefusalReason, RuleId
from consent.model import Basis, Ground
from consent.policy import EvidenceNeeded, LegalFooting
from consent.worksheet import Refusal, Sheet

Find = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Record:
    """What somebody wrote down: its id, until when it stands, and the evidence it brings."""

    id: str
    until: datetime
    evidence: Mapping[str, str]

    def find(self, code: str) -> str:
        """Return the reference id of the evidence, or "" where there is none."""
        return self.evidence.get(code, "").strip()


def lay_ground(sheet: Sheet, footing: LegalFooting, record: Record) -> Refusal | None:
    """Put what is wanted on `footing` in `sheet.grounds`, or return what evidence is missing."""
    policy, special = sheet.policy, bool(sheet.wanted & sheet.policy.special)
    needed = [
        policy.article6[footing.article6],
        policy.confidentiality[footing.confidentiality].evidence,
    ]
    if special:
        needed.append(policy.article9[footing.article9])
    for one in needed:
        if words := lacking(one, record.find, policy.evidence_words):
            reason = RefusalReason.EVIDENCE_MISSING
            return Refusal(RuleId.R02, reason, (record.id,), sheet.wanted, words)
    evidence = present(needed, record.find)
    article9 = footing.article9 if special else None
    basis = Basis(footing.article6, article9, footing.confidentiality, evidence)
    sheet.grounds.append(Ground(sheet.wanted, basis, (record.id,), record.until))
    return None


def lacking(needed: EvidenceNeeded, find: Find, words: Mapping[str, str]) -> str:
    """Return in plain words the evidence that is missing; "" when it is complete."""
    missing = [words[code] for code in needed.all_of if not find(code)]
    if needed.any_of and not any(map(find, needed.any_of)):
        choices = "; or ".join(words[code] for code in needed.any_of)
        missing.append(f"one of these: {choices}")
    return "; and ".join(missing)


def present(needed: Iterable[EvidenceNeeded], find: Find) -> dict[str, str]:
    """Return what is there of the evidence that is needed: reference ids by code."""
    codes = [code for one in needed for code in one.all_of + one.any_of]
    return {code: reference for code in codes if (reference := find(code))}
