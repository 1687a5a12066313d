"""These tests run on a hub over the seeded demonstration town, some with a partner's system."""

from collections.abc import Iterator

import pytest

from tests.hub_bench import Bench, bench, new_bench, recycled_url, seeded_town, shared_bench
from tests.services.partners import PartnerSystem, partner_system

__all__ = ["bench", "new_bench", "recycled_url", "seeded_town", "shared_bench", "time_bank"]


@pytest.fixture
def time_bank(bench: Bench) -> Iterator[PartnerSystem]:
    """The time bank's own system, registered with the hub."""
    with partner_system() as partner:
        partner.register(bench)
        yield partner
