"""These tests call the hub as partner systems do, over the demonstration town."""

from tests.web.conftest import Town, own_town, town

__all__ = ["Town", "own_town", "town"]
