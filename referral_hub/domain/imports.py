"""The life of an imported file, as codes."""

from __future__ import annotations

from enum import StrEnum


class ImportState(StrEnum):
    """Where a file stands. It is looked through first, and imported only once somebody says so."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"
    DISCARDED = "discarded"


class ImportRefusal(StrEnum):
    """Why a file as a whole could not be read."""

    EMPTY = "empty"
    NO_TEXT = "no_text"
    NO_HEADER = "no_header"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MANY_ROWS = "too_many_rows"
    COLUMN_TWICE = "column_twice"
    NO_AGREED_COLUMN = "no_agreed_column"


WORKING = frozenset({ImportState.CHECKING, ImportState.IMPORTING})
