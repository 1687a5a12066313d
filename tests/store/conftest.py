"""These tests run on a hub over a seeded town of their own."""

from tests.hub_bench import bench, new_bench, seeded_town, shared_bench

__all__ = ["bench", "new_bench", "seeded_town", "shared_bench"]
