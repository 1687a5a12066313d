"""These tests run on a hub over the seeded demonstration town."""

from tests.hub_bench import bench, new_bench, recycled_url, seeded_town, shared_bench

__all__ = ["bench", "new_bench", "recycled_url", "seeded_town", "shared_bench"]
