"""These tests call the hub as partner systems do, over the demonstration town."""

from typing import Any

import pytest

from referral_hub.settings import Quotas
from tests.web.conftest import Town, more_settings, own_town, seeded, town

__all__ = ["Town", "more_settings", "own_town", "patient_town", "seeded", "town"]


@pytest.fixture(scope="module")
def patient_town(town: Any) -> Any:
    """The town, with a hub that lets anybody call as often as they like."""
    many = 10**9
    town.app.extensions["rates"].quotas = Quotas(client=many, address=many, tokens=many)
    return town
