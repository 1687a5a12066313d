"""Rows of open place data: postcodes as the ONS or the Ordnance Survey publish them, and towns.

Three shapes are told apart by the first row. ONS Postcode Directory: a header with `pcds` (or
`pcd`), `lat` and `long`; postcodes that were ended (`doterm`) are left out. Code-Point Open: no
header, postcode first, eastings and northings third and fourth. Towns: a header `name, latitude,
longitude` and perhaps `area`, an area's code in this hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from referral_hub.domain.geography import Point, from_grid, is_postcode, place_key

_POSTCODE_NAMES = ("pcds", "pcd", "pcd7", "pcd8", "postcode")
_NOWHERE = 99.0


class NoPlaceData(ValueError):
    """The file is in none of the three shapes."""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place by its key."""

    key: str
    name: str
    at: Point
    area: str | None = None


@dataclass(frozen=True, slots=True)
class _Columns:
    name: int
    north: int
    east: int
    grid: bool = False
    ended: int | None = None
    area: int | None = None


def places_in(rows: Iterable[Sequence[str]]) -> Iterator[PlaceRow | None]:
    """Yield each row as a place, None for one that is not usable. Raises NoPlaceData."""
    waiting = iter(rows)
    first = next(waiting, None)
    if first is None:
        raise NoPlaceData("The file is empty.")
    columns = _columns(first)
    if columns.grid:
        yield _place(first, columns)
    for row in waiting:
        if row:
            yield _place(row, columns)


def _columns(first: Sequence[str]) -> _Columns:
    names = [cell.strip().lower().lstrip("\ufeff") for cell in first]
    postcode = next((names.index(name) for name in _POSTCODE_NAMES if name in names), None)
    if postcode is not None and {"lat", "long"} <= set(names):
        ended = names.index("doterm") if "doterm" in names else None
        return _Columns(postcode, names.index("lat"), names.index("long"), ended=ended)
    if {"name", "latitude", "longitude"} <= set(names):
        area = names.index("area") if "area" in names else None
        return _Columns(
            names.index("name"), names.index("latitude"), names.index("longitude"), area=area
        )
    if len(first) >= 4 and is_postcode(place_key(first[0])) and first[2].strip().isdigit():
        return _Columns(0, 3, 2, grid=True)
    raise NoPlaceData(
        "Use an ONS Postcode Directory or Code-Point Open CSV, or name, latitude, longitude."
    )


def _place(row: Sequence[str], columns: _Columns) -> PlaceRow | None:
    def cell(index: int | None) -> str:
        return row[index].strip() if index is not None and index < len(row) else ""

    if cell(columns.ended):
        return None
    try:
        north, east = float(cell(columns.north)), float(cell(columns.east))
        at = from_grid(east, north) if columns.grid else Point(north, east)
    except ValueError:
        return None
    key = place_key(cell(columns.name))
    known = abs(at.latitude) < _NOWHERE and -90 < at.latitude < 90 and abs(at.longitude) <= 180
    if not key or len(key) > 80 or not known:
        return None
    named = f"{key[:-3]} {key[-3:]}" if is_postcode(key) else cell(columns.name)[:80]
    return PlaceRow(key, named, at, cell(columns.area) or None)
