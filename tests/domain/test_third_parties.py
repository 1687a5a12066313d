"""What an access request keeps back until an officer has looked at it."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from consent.model import DataClass
from referral_hub.domain.third_parties import Exemption, by_default

OF_OTHERS = {"context": Exemption.OTHER_PERSON, "risk": Exemption.OTHER_PERSON}


@pytest.mark.parametrize("data_class", DataClass)
def test_every_kind_of_data_is_given_or_withheld_on_purpose(data_class: DataClass) -> None:
    catalogue = tomllib.loads(
        files("consent").joinpath("tables/fields.toml").read_text(encoding="utf-8")
    )
    expected = OF_OTHERS.get(data_class.value)
    if data_class is DataClass.SENSITIVE:
        expected = Exemption.SERIOUS_HARM
    for name in catalogue[data_class.value]["fields"]:
        assert by_default(f"field.{data_class.value}.{name}") is expected


@pytest.mark.parametrize(
    ("what", "exemption"),
    [
        ("note.theirs", Exemption.OTHER_AGENCY),
        ("note.ours", None),
        ("emergency.theirs", Exemption.OTHER_AGENCY),
        ("emergency.ours", None),
        ("statement.authority", Exemption.OTHER_PERSON),
        ("statement.child_decision", Exemption.OTHER_AGENCY),
        ("record.authority", Exemption.OTHER_PERSON),
        ("record.capacity", None),
        ("hold", Exemption.CRIME),
        ("flag.conflicts", Exemption.OTHER_PERSON),
        ("flag.never_share_with", None),
        ("draft.person", None),
        ("draft.authority", Exemption.OTHER_PERSON),
        ("draft.capacity", Exemption.STAFF_OUTSIDE),
        ("draft.child", Exemption.OTHER_PERSON),
        ("draft.safeguarding", Exemption.SERIOUS_HARM),
        ("draft.kept", Exemption.OTHER_PERSON),
        ("staged.ours.person", None),
        ("staged.ours.beside", Exemption.OTHER_PERSON),
        ("staged.theirs.person", Exemption.OTHER_AGENCY),
        ("staged.theirs.beside", Exemption.OTHER_PERSON),
        ("fieldless", None),
        ("field.risky", None),
    ],
)
def test_what_others_said_or_is_about_them_is_kept_back(
    what: str, exemption: Exemption | None
) -> None:
    assert by_default(what) is exemption
