"""Measures of how somebody is doing, as data: what is asked, in which range, and what is well.

Built in are ONS4 and one own goal (`measures.toml`). Others come from installed packages in the
same shape; one that is under licence brings a score and none of its words. An answer is counted as
"well" or "other" alone, so that chance (`domain.small_numbers`) moves few counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

_CODE = re.compile(r"[a-z][a-z0-9_]{0,30}")
_WORDS = 300


class ScoreStage(StrEnum):
    """When somebody was asked."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Question:
    """One score: its code, the words asked and the words counted under, range, and what is well."""

    code: str
    asks: str
    short: str
    range: tuple[int, int]
    well: tuple[int, int]

    def counted(self, score: int, stage: ScoreStage) -> str:
        """Return the code that an answer is counted under."""
        return tally(stage, well=self.well[0] <= score <= self.well[1])


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and its questions."""

    code: str
    name: str
    questions: tuple[Question, ...]


def tally(stage: ScoreStage, *, well: bool) -> str:
    """Return the code of a count of answers, such as `start_well`."""
    return f"{stage.value}_{'well' if well else 'other'}"


TALLIES = tuple(tally(stage, well=well) for stage in ScoreStage for well in (True, False))


def read_measures(table: Mapping[str, Any]) -> tuple[Measure, ...]:
    """Return the measures of a table. Raises ValueError that names the measure and the mistake."""
    return tuple(_measure(code, row) for code, row in table.items())


def built_in() -> tuple[Measure, ...]:
    """Return ONS4 and the own goal."""
    text = files("referral_hub.domain").joinpath("measures.toml").read_text(encoding="utf-8")
    return read_measures(tomllib.loads(text))


def scores(measures: Iterable[Measure]) -> Iterator[tuple[str, Question]]:
    """Yield every question with the code that it has among all, such as `ons4_happiness`."""
    for measure in measures:
        for question in measure.questions:
            yield f"{measure.code}_{question.code}", question


def _measure(code: str, row: Mapping[str, Any]) -> Measure:
    try:
        measure = Measure(code, str(row["name"]), tuple(map(_question, row["questions"])))
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"measure {code}: {problem}") from None
    codes = [question.code for question in measure.questions]
    if not _CODE.fullmatch(code) or not codes or len(set(codes)) < len(codes):
        raise ValueError(f"measure {code}: each code is a small word, and stands once")
    return measure


def _question(row: Mapping[str, Any]) -> Question:
    least, most = map(int, row["range"])
    low, high = map(int, row["well"])
    if not 0 <= least <= low <= high <= most or high - low == most - least:
        raise ValueError("well must be a part of range, from 0 up")
    made = Question(
        str(row["code"]), str(row["asks"]), str(row["short"]), (least, most), (low, high)
    )
    if not _CODE.fullmatch(made.code) or not all(
        0 < len(w) <= _WORDS for w in (made.asks, made.short)
    ):
        raise ValueError("a question needs a code and words")
    return made
