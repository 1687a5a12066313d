"""These tests run on a hub over the seeded demonstration town, some with a partner's system."""

from collections.abc import Iterator

import pytest

from tests.hub_bench import Bench, bench, new_bench, recycled_url, seeded_town, shared_bench
from tests.mail import Mailbox, mail_room
from tests.services.partners import PartnerSystem, partner_system

__all__ = ["bench", "new_bench", "recycled_url", "seeded_town", "shared_bench", "time_bank"]


@pytest.fixture
def time_bank(bench: Bench) -> Iterator[PartnerSystem]:
    """The time bank's own system, registered with the hub."""
    with partner_system() as partner:
        partner.register(bench)
        yield partner


@pytest.fixture(scope="module")
def room() -> Iterator[Mailbox]:
    """A mail server, which one module's tests share."""
    with mail_room() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(room: Mailbox) -> Mailbox:
    """The module's mail server, emptied for this test."""
    for kept in (room.raw, room.to, room.senders, room.rcpt_answers, room.data_answers):
        kept.clear()
    return room
