"""Loading open place data, so that a postcode or a town becomes a point on the map.

The administrator downloads it (ONS Postcode Directory, Code-Point Open: both open data) and loads
it once; the hub asks nobody where a postcode is, because that question is about a person. The
tables' owner writes it, as with the other registers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from referral_hub.domain.place_rows import NoPlaceData, PlaceRow, places_in
from referral_hub.errors import HubError, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.store import places, registers

BATCH = 5_000


def load_places(hub: Hub, path: Path, *, only: Sequence[str] = ()) -> tuple[int, int]:
    """Load a CSV; returns how many places were loaded and left out. Raises InvalidInput.

    `only` keeps postcodes that begin with one of these, such as MF or NE1.
    """
    if hub.settings.database_url is None:
        raise HubError("There is no database to load places into.")
    begins = tuple(one.strip().upper().replace(" ", "") for one in only)
    loaded = left = 0
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        found = places_in(csv.reader(file))
        try:
            with registers.as_owner(hub.settings.database_url) as connection:
                for kept, dropped in _batches(found, begins):
                    places.put(connection, kept)
                    loaded, left = loaded + len(kept), left + dropped
                places.put_districts(connection)
        except NoPlaceData as problem:
            raise InvalidInput({"file": (str(problem),)}) from None
        except csv.Error:
            raise InvalidInput({"file": ("This is not a CSV file.",)}) from None
    return loaded, left


def _batches(
    found: Iterator[PlaceRow | None], begins: tuple[str, ...]
) -> Iterator[tuple[list[PlaceRow], int]]:
    while batch := list(islice(found, BATCH)):
        kept = [row for row in batch if row and (not begins or row.key.startswith(begins))]
        yield kept, len(batch) - len(kept)
