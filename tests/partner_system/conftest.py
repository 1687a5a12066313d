from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from referral_hub.crypto.jwks import HubSigner
from tests.partner_system.harness import Hub, Partner, Start, running_hub, start


@contextmanager
def starting(directory: Path, hub: Hub) -> Iterator[Start]:
    """A function that starts the partner system: by name of its directory, with its test mode."""
    with ExitStack() as stack:

        def begin(name: str = "partner", answer: str = "ask-me") -> Partner:
            partner = start(directory / name, hub, answer)
            assert partner.process.stdout is not None
            stack.callback(partner.process.stdout.close)
            stack.callback(partner.stop)
            return partner

        yield begin


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(HubSigner(tmp_path / "hub" / "hub-signing.key")) as hub:
        yield hub


@pytest.fixture
def start_partner(tmp_path: Path, hub: Hub) -> Iterator[Start]:
    with starting(tmp_path, hub) as begin:
        yield begin


@pytest.fixture
def partner(start_partner: Callable[[], Partner]) -> Partner:
    return start_partner()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Partner]]:
    """A hub and a partner for the tests in which nothing may come to be kept."""
    directory = tmp_path_factory.mktemp("steady")
    with (
        running_hub(HubSigner(directory / "hub" / "hub-signing.key")) as hub,
        starting(directory, hub) as begin,
    ):
        yield hub, begin()
