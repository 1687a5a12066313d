"""Lay the ground of a permit that needs no consent: a footing in law, and its evidence.

Emergency access (R12) and a safeguarding concern (R13) rest on what the policy's table says for
them. Each code's evidence is looked for among what is present; a missing or blank one refuses (R02)
and the ground is not laid. The limit: whether what was written is true is for whoever reviews it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consent.codes import RefusalReason, RuleId
from consent.model import Basis, Ground
from consent.policy import LegalFooting
from consent.worksheet import Refusal, Sheet


@dataclass(frozen=True, slots=True)
class Record:
    """What somebody wrote down: its id, until when it stands, and the evidence it brings."""

    id: str
    until: datetime
    evidence: Mapping[str, str]


def lay_ground(sheet: Sheet, footing: LegalFooting, record: Record) -> Refusal | None:
    """Put what is wanted on `footing` in `sheet.grounds`, or return what evidence is missing."""
    policy, special = sheet.policy, bool(sheet.wanted & sheet.policy.special)
    needed = [
        policy.article6[footing.article6],
        policy.confidentiality[footing.confidentiality].evidence,
    ]
    if special:
        needed.append(policy.article9[footing.article9])
    evidence: dict[str, str] = {}
    for codes in needed:
        found = {code: record.evidence.get(code, "") for code in codes.all_of + codes.any_of}
        lacking = [code for code in codes.all_of if not found[code].strip()]
        if codes.any_of and not any(found[code].strip() for code in codes.any_of):
            lacking.append(codes.any_of[0])
        if lacking:
            words = "; and ".join(policy.evidence_words[code] for code in lacking)
            reason = RefusalReason.EVIDENCE_MISSING
            return Refusal(RuleId.R02, reason, (record.id,), sheet.wanted, words)
        evidence |= {code: reference for code, reference in found.items() if reference.strip()}
    article9 = footing.article9 if special else None
    basis = Basis(footing.article6, article9, footing.confidentiality, evidence)
    sheet.grounds.append(Ground(sheet.wanted, basis, (record.id,), record.until))
    return None
