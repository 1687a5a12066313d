"""What a cache still holds from before the session began is read again.

A mutation run changes functions in a process whose caches are full already; what was made with the
unchanged function would hide the change.
"""

import sys
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _nothing_remembered() -> None:
    for name in [name for name in sys.modules if name.startswith("consent.")]:
        for value in vars(sys.modules[name]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own clock is set to another zone, which no instant may depend on."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()
