"""Looking for facts about a person where they must not stand.

Ids and hashes hold any four or five digits by chance, so they are taken out of a text before a year
or the beginning of a telephone number is looked for in it; everything else stays.
"""

from __future__ import annotations

import re

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_IDENTIFIER = re.compile(rf"{_UUID}|\b(?:\\+x)?[0-9a-fA-F]{{32,}}\b")


def without_ids(text: str | bytes) -> str:
    """Return a text, or bytes as Latin-1, without UUIDs and hex of sixteen bytes or more."""
    return _IDENTIFIER.sub(" ", text if isinstance(text, str) else text.decode("latin-1"))
