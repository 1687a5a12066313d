"""These tests call the hub as partner systems do, over the demonstration town."""

from tests.web.conftest import Town, more_settings, own_town, seeded, town

__all__ = ["Town", "more_settings", "own_town", "seeded", "town"]
