"""Places: one spelling of a postcode, distances, and the National Grid against its own guide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.geography import (
    Point,
    box_around,
    from_grid,
    is_postcode,
    metres_between,
    outward,
    place_key,
)
from referral_hub.domain.place_rows import NoPlaceData, places_in

POINTS = st.builds(Point, st.floats(49.5, 61), st.floats(-8.5, 2))


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("mf1 1ab", "MF11AB"),
        (" MF1  1AB ", "MF11AB"),
        ("sw1a1aa", "SW1A1AA"),
        ("mf1", "MF1"),
        ("Old  Town!", "old town"),
        ("St. Brannoc's", "st brannoc's"),
    ],
)
def test_a_place_has_one_key_however_it_is_typed(typed: str, key: str) -> None:
    assert place_key(typed) == key


def test_only_whole_postcodes_are_postcodes_and_their_first_half_is_a_district() -> None:
    assert is_postcode("MF11AB")
    assert not is_postcode("MF1")
    assert outward("SW1A1AA") == "SW1A"


def test_the_national_grid_agrees_with_the_ordnance_surveys_worked_example() -> None:
    found = from_grid(651_409.903, 313_177.270)
    wanted = Point(52 + 39 / 60 + 28.72 / 3600, 1 + 42 / 60 + 57.79 / 3600)
    assert metres_between(found, wanted) < 6
    with pytest.raises(ValueError, match="National Grid"):
        from_grid(-1, 5)


@given(POINTS, POINTS, st.floats(1, 200_000))
def test_everything_within_a_distance_is_in_the_box_around_it(
    one: Point, other: Point, metres: float
) -> None:
    apart = metres_between(one, other)
    assert apart == pytest.approx(metres_between(other, one))
    if apart <= metres:
        box = box_around(one, metres)
        assert box.south <= other.latitude <= box.north
        assert box.west <= other.longitude <= box.east


def test_three_shapes_of_open_data_are_told_apart() -> None:
    ons = [
        ["pcd7", "pcds", "doterm", "lat", "long"],
        ["MF1 1AB", "MF1 1AB", "", "53.9", "-4.0"],
        ["MF1 1AC", "MF1 1AC", "202001", "53.9", "-4.0"],
        ["MF1 1AD", "MF1 1AD", "", "99.999999", "0.0"],
        ["MF1 1AE", "MF1 1AE", "", "north", "0.0"],
    ]
    kept = list(places_in(ons))
    assert [row and (row.key, row.name, row.at) for row in kept] == [
        ("MF11AB", "MF1 1AB", Point(53.9, -4.0)),
        *([None] * 3),
    ]
    grid = [["MF11AB", "10", "651409", "313177", "E1"]]
    assert [row and round(row.at.latitude, 2) for row in places_in(grid)] == [52.66]
    towns = [["name", "latitude", "longitude", "area"], ["Old Town", "53.9", "-4", "MF-OLD"]]
    assert [row and (row.key, row.area) for row in places_in(towns)] == [("old town", "MF-OLD")]
    for other in ([], [["a", "b"]]):
        with pytest.raises(NoPlaceData):
            list(places_in(other))
