"""The words that people read for each code, in one table: `labels.toml`.

A code without words is an error and never shows itself on a page; a test walks every enumeration.
The table is data so that somebody who does not program can put the wording right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.resources import files

_SLOT = re.compile(r"\.[0-9]+\Z")


class Labels:
    """Words by enumeration and code. Construct once, from the packaged table."""

    def __init__(self) -> None:
        table = files("referral_hub.web").joinpath("labels.toml").read_text(encoding="utf-8")
        self._words: Mapping[str, Mapping[str, str]] = tomllib.loads(table)

    def label(self, code: StrEnum) -> str:
        """The words for a member of an enumeration. Raises KeyError where there are none."""
        return self._words[type(code).__name__][code.value]

    def hint(self, code: StrEnum) -> str | None:
        """The line of explanation, where there is one."""
        return self._words.get(f"{type(code).__name__}.hint", {}).get(code.value)

    def colour(self, code: StrEnum) -> str:
        """The colour of a state's tag; never the only thing that tells states apart."""
        return self._words[f"{type(code).__name__}.colour"][code.value]

    def items(self, codes: Iterable[StrEnum]) -> list[dict[str, object]]:
        """Codes with their words and hints, in the shape that GOV.UK radios and checkboxes take."""
        listed: list[dict[str, object]] = []
        for code in codes:
            item: dict[str, object] = {"value": code.value, "text": self.label(code)}
            hint = self.hint(code)
            listed.append({**item, "hint": {"text": hint}} if hint else item)
        return listed

    def languages(self) -> Mapping[str, str]:
        """Language tags (BCP 47) and their English names."""
        return self._words["Language"]

    def table(self, kind: str) -> Mapping[str, str]:
        """The words of a whole table, in its order."""
        return self._words[kind]

    def words(self, value: str, kind: str) -> str:
        """The words for a stored value of the enumeration called `kind`.

        A value that an older or newer release stored is shown as it is rather than not at all.
        """
        return self._words[kind].get(value) or value.replace("_", " ")

    def fields(self, field_ids: Iterable[str]) -> list[str]:
        """The words for field ids, each once, in the table's order."""
        given = {_SLOT.sub("", field_id) for field_id in field_ids}
        return [words for field_id, words in self._words["Field"].items() if field_id in given]

    def all_fields(self) -> Mapping[str, str]:
        """The words of every field by its id, in the table's order."""
        return self._words["Field"]

    def field(self, field_id: str) -> str:
        """The words for a field id such as `identity.first_name`; a slot's number is left out."""
        name = _SLOT.sub("", field_id)
        return self._words["Field"].get(name) or self._words["Field.beside"][name]
