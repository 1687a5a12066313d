"""What a cache still holds from before the session began is read again.

A mutation run changes functions in a process whose caches are full already; what was made with the
unchanged function would hide the change.
"""

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def _nothing_remembered() -> None:
    for name in [name for name in sys.modules if name.startswith("consent.")]:
        for value in vars(sys.modules[name]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
