"""Who is nearer comes first where nothing weightier decides; no distance tells a secret place."""

from __future__ import annotations

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.routing import RouteReason, Seeker
from referral_hub.services.answer_task import answer_task
from referral_hub.services.propose_recipients import Choice, Whose, propose_recipients
from tests.hub_bench import Bench

AT_HARBOUR = Seeker(
    area="MF-HAR",
    age=70,
    language="en",
    interpreter=False,
    access=frozenset(),
    wished=frozenset(),
    never=frozenset(),
)


def _choices(bench: Bench, postcode: str | None) -> dict[str, Choice]:
    (slot,) = propose_recipients(
        bench.hub,
        bench.staff["gp"],
        needs=[NeedCode.LONELY],
        seeker=AT_HARBOUR,
        whose=Whose(postcode),
    )
    return {choice.service_name: choice for choice in slot.choices if choice.service_name}


def test_the_nearer_of_two_comes_first_and_says_so_unless_its_place_is_secret(
    bench: Bench,
) -> None:
    near, far = "Friendly visits", "Someone who has been there"
    bench.rows("UPDATE service SET wait_days = 5")
    for name, north in ((near, 54.0), (far, 55.0)):
        bench.rows("UPDATE service SET latitude = %s, longitude = -4 WHERE name = %s", north, name)
    bench.rows(
        "INSERT INTO place (key, name, latitude, longitude) VALUES ('ZZ11ZZ', 'x', 54.0, -4)"
    )
    found = _choices(bench, "zz1 1zz")
    assert list(found) == [near, far]
    assert RouteReason.NEAR in found[near].reasons
    assert RouteReason.NEAR not in found[far].reasons
    bench.rows("UPDATE service SET location_confidential = true")
    secret = _choices(bench, "ZZ1 1ZZ")
    assert all(RouteReason.NEAR not in choice.reasons for choice in secret.values())


def test_an_unknown_postcode_is_no_fault_and_nobody_is_near(bench: Bench) -> None:
    for postcode in (None, "QQ9 9QQ"):
        found = _choices(bench, postcode)
        assert found
        assert all(RouteReason.NEAR not in choice.reasons for choice in found.values())


def test_helpers_are_capped_by_how_many_people_they_have_and_rest_after_an_ending(
    bench: Bench,
) -> None:
    name = "Friendly visits"
    bench.rows("UPDATE service SET open_people_limit = 1, rest_days = 28 WHERE name = %s", name)
    assert name in _choices(bench, None)
    bench.refer(to=("neighbours", "council"))
    assert name not in _choices(bench, None)
    bench.rows("UPDATE task SET state = 'closed', moved_at = now() - interval '27 days'")
    assert name not in _choices(bench, None)
    bench.rows("UPDATE task SET moved_at = now() - interval '29 days'")
    assert name in _choices(bench, None)


def test_helpers_are_capped_by_their_time_and_by_hard_cases(bench: Bench) -> None:
    name = "Friendly visits"
    stated = "UPDATE service SET minutes_limit = %s, minutes_per = %s, usual_minutes = %s"
    bench.rows(f"{stated}, open_people_limit = NULL, rest_days = NULL", 480, "month", None)
    bench.refer(to=("neighbours", "council"))
    bench.deliver()
    assert name in _choices(bench, None)  # how long somebody takes is not known
    bench.rows(stated, 480, "month", 110)
    assert name in _choices(bench, None)
    bench.rows(stated, 480, "month", 111)  # 111 minutes in each of 52/12 weeks are 481
    assert name not in _choices(bench, None)
    (task,) = bench.tasks()
    said = AnswerTask(task["id"], True, None, None, minutes_a_week=60, hard_case=True)
    answer_task(bench.hub, bench.staff["neighbours"], said)
    assert name in _choices(bench, None)  # what was said counts, not what is usual
    bench.rows(stated, 60, "week", None)
    assert name not in _choices(bench, None)
    bench.rows(stated + ", hard_cases_limit = 1", None, None, None)
    assert name not in _choices(bench, None)
    bench.rows("UPDATE task SET state = 'closed'")
    assert name in _choices(bench, None)


def test_who_was_offered_somebody_is_no_longer_the_longest_idle(bench: Bench) -> None:
    names = ["Friendly visits", "Someone who has been there"]
    bench.rows("UPDATE service SET wait_days = 5")
    first = next(iter(_choices(bench, None)))
    keys = {"Friendly visits": "neighbours", "Someone who has been there": "mentors"}
    bench.refer(to=(keys[first], "council"))
    bench.deliver()
    found = _choices(bench, None)
    assert list(found) == [name for name in names if name != first] + [first]
    assert RouteReason.LONGEST_IDLE in next(iter(found.values())).reasons
