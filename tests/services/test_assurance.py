"""A service's own figures: over enough referrals, rounded, counted once a week, shown to the GP."""

from __future__ import annotations

from datetime import timedelta

from referral_hub.domain.codes import DeclineReason
from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.beside_plan import beside_plan
from referral_hub.services.own_services import list_own
from referral_hub.services.remind_providers import count_figures
from referral_hub.services.search_directory import Search
from tests.hub_bench import Bench


def test_a_percentage_needs_ten_referrals_and_is_rounded_to_five(bench: Bench) -> None:
    def figures() -> list[tuple[int | None, int | None]]:
        rows = list_own(bench.hub, bench.staff["neighbours"])
        return [
            (row.figures.accepted, row.figures.with_outcome)
            for row in rows
            if row.figures and row.row["name"] == "Friendly visits"
        ]

    services = bench.one("SELECT count(*) FROM service")
    for _ in range(11):
        bench.refer(to=("neighbours",))
    bench.deliver()
    ours = [task for task in bench.tasks() if task["to"] == "neighbours"]
    assert len(ours) == 11
    for number, task in enumerate(ours[:9]):
        reason = DeclineReason.NO_CAPACITY if number < 2 else None
        told = AnswerTask(task["id"], reason is None, reason, None)
        answer_task(bench.hub, bench.staff["neighbours"], told)
    assert count_figures(bench.hub) == services
    assert figures() == [(None, None)]
    for task in ours[9:]:
        answer_task(bench.hub, bench.staff["neighbours"], AnswerTask(task["id"], True, None, None))
    assert count_figures(bench.hub) == 0
    bench.clock.forward(timedelta(days=8))
    assert count_figures(bench.hub) == services
    assert figures() == [(80, None)]
    (service,) = (one.id for one in list_own(bench.hub, bench.staff["neighbours"])
                  if one.row["name"] == "Friendly visits")  # fmt: skip
    seen = beside_plan(bench.hub, bench.staff["gp"], [service], near=Search())
    assert seen.figures[service].accepted == 80
    assert seen.listings == ()
