"""Guesses are counted in Redis by keyed hash; without Redis each process counts for itself."""

from __future__ import annotations

from redis import Redis

from referral_hub.web.throttle import Limits, Throttle

LIMITS = Limits(pair="3 per minute", user="5 per minute", address="8 per minute")
SECRET = "a secret of at least thirty-two characters"


def _fail(throttle: Throttle, username: str, address: str) -> bool:
    allowed = throttle.allows(username, address)
    throttle.failed(username, address)
    return allowed


def test_the_count_is_shared_between_processes(redis_url: str) -> None:
    first, second = (Throttle(redis_url, SECRET, LIMITS) for _ in range(2))
    assert [_fail(one, "gp", "192.0.2.1") for one in (first, second, first)] == [True] * 3
    assert not second.allows("gp", "192.0.2.1")
    assert second.allows("gp", "192.0.2.2")
    assert second.allows("nurse", "192.0.2.1")


def test_a_name_written_otherwise_is_the_same_name(redis_url: str) -> None:
    throttle = Throttle(redis_url, SECRET, LIMITS)
    answers = [_fail(throttle, name, "192.0.2.1") for name in ("gp", "GP", " gp ", "Gp")]
    assert answers == [True, True, True, False]


def test_one_name_from_many_addresses_is_slowed_down(redis_url: str) -> None:
    throttle = Throttle(redis_url, SECRET, LIMITS)
    answers = [_fail(throttle, "gp", f"192.0.2.{n}") for n in range(6)]
    assert answers == [True] * 5 + [False]


def test_one_address_with_many_names_is_slowed_down(redis_url: str) -> None:
    throttle = Throttle(redis_url, SECRET, LIMITS)
    answers = [_fail(throttle, f"user-{n}", "192.0.2.1") for n in range(9)]
    assert answers == [True] * 8 + [False]


def test_without_redis_each_process_still_counts() -> None:
    throttle = Throttle("unix:///nowhere/redis.sock?db=0", SECRET, LIMITS)
    assert [_fail(throttle, "gp", "192.0.2.1") for _ in range(4)] == [True, True, True, False]


def test_asking_does_not_count(redis_url: str) -> None:
    throttle = Throttle(redis_url, SECRET, LIMITS)
    assert all(throttle.allows("gp", "192.0.2.1") for _ in range(20))


def test_redis_learns_neither_name_nor_address(redis_url: str) -> None:
    throttle = Throttle(redis_url, SECRET, LIMITS)
    _fail(throttle, "edith.quayle", "192.0.2.77")
    client = Redis.from_url(redis_url)
    keys = client.keys("*")
    client.close()
    assert keys
    assert all(b"edith" not in key and b"192.0.2" not in key for key in keys)
