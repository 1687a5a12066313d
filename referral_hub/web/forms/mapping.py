"""The form in which an administrator says what the columns of the agency's files mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validates

from consent.model import DataClass, Method
from consent.notices import Notice
from referral_hub.domain.codes import NeedCode, Priority
from referral_hub.domain.csv_mapping import (
    MOST_COLUMNS,
    AgreedTo,
    CsvMapping,
    DateOrder,
    RowField,
    every_field,
    folded,
)
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Line, Many, OneOf, Paragraph
from referral_hub.web.forms.referral import Until

MONTHS = {Until.THREE_MONTHS: 3, Until.SIX_MONTHS: 6, Until.TWELVE_MONTHS: 12}
COLUMNS = tuple(range(1, MOST_COLUMNS + 1))


@dataclass(frozen=True, slots=True)
class MappingKnown:
    """What may be chosen: fields and areas by code, agencies by id, words by their key."""

    areas: Mapping[str, str] = field(default_factory=dict)
    agencies: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(every_field(), ""))


class MappingBase(FormPage):
    """A page whose choices depend on what is known."""

    def __init__(self, known: MappingKnown) -> None:
        self.known = known
        super().__init__()

    @validates("months")
    def _no_other_day(self, value: Until, **_options: Any) -> None:
        if value not in MONTHS:
            raise ValidationError("Select how long the agreement lasts")


class Lines(Paragraph):
    """Lines of `their word = our code`, as a mapping of folded words to codes."""

    def __init__(self, name: str, codes: frozenset[str] | str, **options: Any) -> None:
        self._of, self._codes = name, codes
        super().__init__(name, longest=4000, **options)

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> Any:
        text = super()._deserialize(value, *context, **options)
        codes = self._codes
        known = (
            getattr(getattr(self.parent, "known", None), codes)
            if isinstance(codes, str)
            else {code: code for code in codes}
        )
        read = {}
        for number, line in enumerate(filter(None, text.split("\n")), start=1):
            word, found, code = line.rpartition("=")
            if not found or not word.strip() or code.strip() not in known:
                raise ValidationError(
                    f"{self._of}: line {number} must be your word, =, and one of our codes"
                )
            read[folded(word)] = code.strip()
        return read


def _columns() -> dict[str, fields.Field[Any]]:
    made: dict[str, fields.Field[Any]] = {}
    for number in COLUMNS:
        made[f"column_{number}"] = Line(
            f"The name of column {number}", longest=100, load_default=None
        )
        made[f"field_{number}"] = OneOf(
            "fields",
            f"Select what column {number} is",
            load_default=RowField.IGNORE.value,
        )
    return made


MappingPage: type[MappingBase] = MappingBase.from_dict(  # type: ignore[assignment]  # marshmallow says Schema
    {
        "version": Line("Version", longest=9, required=True),
        **_columns(),
        "dates": Code(DateOrder, "Select how dates are written", required=True),
        "yes": Line("The words for yes", longest=200, required=True, error_messages={
            "required": "Enter at least one word that means yes"
        }),
        "no": Line("The words for no", longest=200, required=True, error_messages={
            "required": "Enter at least one word that means no"
        }),
        "needs": Lines(
            "Words for needs", frozenset(code.value for code in NeedCode), load_default=dict
        ),
        "areas": Lines("Words for areas", "areas", load_default=dict),
        "area": OneOf("areas", "Select an area of the list", load_default=None),
        "priority": Code(Priority, "Select how soon help is needed", required=True),
        "agencies": Many("agencies", "Select agencies of the list", load_default=frozenset()),
        "classes": Many(DataClass, "Select what was agreed", load_default=frozenset()),
        "notice": OneOf("notices", "Select the words that are read out", load_default=""),
        "method": Code(Method, "Select how people say yes", required=True),
        "months": Code(Until, "Select how long the agreement lasts", required=True),
    },
    name="MappingPage",
)  # fmt: skip


def mapping_from(values: Mapping[str, Any]) -> CsvMapping:
    """Return the mapping that checked values add up to; a column's name given twice counts once."""
    columns = {
        values[f"column_{number}"]: values[f"field_{number}"]
        for number in COLUMNS
        if values[f"column_{number}"]
    }
    return CsvMapping(
        columns=columns,
        dates=values["dates"],
        yes=_words(values["yes"]),
        no=_words(values["no"]),
        needs={word: NeedCode(code) for word, code in values["needs"].items()},
        areas=values["areas"],
        area=values["area"],
        priority=values["priority"],
        agreed_to=AgreedTo(
            agencies=frozenset(UUID(one) for one in values["agencies"]),
            classes=values["classes"],
            notice=values["notice"],
            method=values["method"],
            months=MONTHS[values["months"]],
        ),
    )


def raw_of(mapping: CsvMapping, version: int) -> dict[str, str | list[str]]:
    """Return a mapping as the form would have it."""
    agreed = mapping.agreed_to
    months = {count: code.value for code, count in MONTHS.items()}
    raw: dict[str, str | list[str]] = {
        "version": str(version),
        "dates": mapping.dates.value,
        "yes": ", ".join(sorted(mapping.yes)),
        "no": ", ".join(sorted(mapping.no)),
        "needs": _as_lines({word: code.value for word, code in mapping.needs.items()}),
        "areas": _as_lines(mapping.areas),
        "area": mapping.area or "",
        "priority": mapping.priority.value,
        "agencies": sorted(map(str, agreed.agencies)),
        "classes": sorted(agreed.classes),
        "notice": agreed.notice,
        "method": agreed.method.value,
        "months": months.get(agreed.months, Until.SIX_MONTHS.value),
    }
    for number, (column, code) in enumerate(mapping.columns.items(), start=1):
        raw |= {f"column_{number}": column, f"field_{number}": code}
    return raw


def _as_lines(words: Mapping[str, str]) -> str:
    return "\n".join(f"{word} = {code}" for word, code in sorted(words.items()))


def _words(text: str) -> frozenset[str]:
    return frozenset(filter(None, (folded(one) for one in text.split(","))))
