"""The short year runs on a hub of its own."""

from tests.hub_bench import bench, new_bench, recycled_url, seeded_town

__all__ = ["bench", "new_bench", "recycled_url", "seeded_town"]
