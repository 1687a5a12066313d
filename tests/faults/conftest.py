"""Hubs whose parts are killed, stopped or starved, and the example partner system beside them."""

from collections.abc import Iterator

import pytest

from referral_hub.embedded import Embedded
from tests.faults.example_partner import ExamplePartner, example_partner
from tests.faults.nursery import Nursery
from tests.hub_bench import (
    Bench,
    SeededTown,
    bench,
    benches,
    new_bench,
    recycled_url,
    seeded_town,
    shared_bench,
)

__all__ = ["bench", "new_bench", "recycled_url", "seeded_town", "shared_bench"]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where worker processes come from."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def running_partner(
    embedded: Embedded, seeded_town: SeededTown, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ExamplePartner]:
    """The example partner system, for every copy of the seeded town."""
    directory = tmp_path_factory.mktemp("example")
    with (
        benches(embedded, seeded_town, directory) as make,
        example_partner(directory / "partner", make()) as partner,
    ):
        yield partner


@pytest.fixture
def partner(running_partner: ExamplePartner, bench: Bench) -> ExamplePartner:
    """The example partner system with an empty casebook, known to this test's hub."""
    running_partner.forget()
    running_partner.introduce(bench)
    return running_partner
