"""What is counted for commissioners: each fact once, in its month, and a month published once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from referral_hub.domain.codes import ClosingOutcome, DeclineReason, NeedCode, Role
from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.figures import Cell, Figure, cells, last_complete
from referral_hub.domain.measures import scores
from referral_hub.domain.small_numbers import Coin
from referral_hub.errors import Forbidden
from referral_hub.services.answer_task import answer_task, close_task, record_contact
from referral_hub.services.count_figures import count_figures, publish_next
from referral_hub.services.figures import read_figures
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.measures import measures
from referral_hub.services.release import open_task
from referral_hub.store import figures
from tests.hub_bench import Bench

MARCH, APRIL = datetime(2027, 3, 1, 9, tzinfo=UTC), datetime(2027, 4, 3, 9, tzinfo=UTC)
AREA = "MF-HAR"


def unmoved() -> bool:
    """A coin that moves no count, to see what is counted."""
    return False


@pytest.fixture
def march(bench: Bench) -> Bench:
    """A hub at the beginning of a month, with nothing counted."""
    bench.clock.stop_at(MARCH)
    return bench


def _fold(bench: Bench) -> int:
    with bench.hub.database.working() as connection:
        return figures.fold(connection)


def _publish(bench: Bench, coin: Coin = unmoved) -> dict[Cell, int]:
    """Let March end and be published; returns the cells that are not 0."""
    bench.clock.stop_at(APRIL)
    while _fold(bench):
        pass
    assert publish_next(bench.hub, coin)
    found = read_figures(bench.hub, bench.staff["council-figures"], 3)
    return {cell: count for cell, count in found.counts.items() if count}


def _life(bench: Bench) -> None:
    """One referral: the mentors accept after four days, make contact after two more, and close."""
    referral = bench.refer()
    bench.deliver()
    bench.clock.forward(timedelta(days=4))
    task_id = bench.tasks(referral.referral_id)[0]["id"]
    mentors = bench.staff["mentors"]
    answer_task(bench.hub, mentors, AnswerTask(task_id, True, None, None))
    bench.clock.forward(timedelta(days=1, hours=12))
    record_contact(bench.hub, mentors, task_id)
    close_task(bench.hub, mentors, CloseTask(task_id, ClosingOutcome.HELPED, True, "None"))


LIFE = {
    Cell(Figure.VOLUMES, "all"): 1,
    Cell(Figure.REFERRALS, "gp_practice"): 1,
    Cell(Figure.NEEDS, "lonely"): 1,
    Cell(Figure.NEED_AREAS, AREA): 1,
    Cell(Figure.ACCEPT_WAITS, "3"): 1,
    Cell(Figure.CONTACT_WAITS, "1"): 1,
    Cell(Figure.OUTCOMES, "helped"): 1,
    Cell(Figure.GIVE_HELP, "not_asked"): 1,
    Cell(Figure.FLOWS, "gp_practice", "peer_mentoring"): 1,
}


def test_one_life_of_a_referral_is_counted_once_in_each_figure(march: Bench) -> None:
    _life(march)
    assert _publish(march) == LIFE


def test_a_second_life_adds_as_much_and_no_more(march: Bench) -> None:
    _life(march)
    march.clock.stop_at(MARCH)
    _life(march)
    assert _publish(march) == dict.fromkeys(LIFE, 2)


def test_a_no_and_a_silence_are_counted_by_reason(march: Bench) -> None:
    referral = march.refer()
    march.deliver()
    task_id = march.tasks(referral.referral_id)[0]["id"]
    no = AnswerTask(task_id, False, DeclineReason.CONFLICT, None)
    answer_task(march.hub, march.staff["mentors"], no)
    march.deliver()
    for _ in range(6):
        march.clock.forward(timedelta(days=4))
        keep_clocks(march.hub)
    found = _publish(march)
    assert found[Cell(Figure.REFUSALS, "conflict")] == 1
    assert found[Cell(Figure.REFUSALS, "no_answer")] == 1


def test_a_need_that_nobody_can_even_be_asked_about_is_a_gap(march: Bench) -> None:
    march.rows("UPDATE service SET active = false WHERE %s = ANY (needs)", NeedCode.LIFTS.value)
    march.refer((NeedCode.LIFTS, NeedCode.LONELY))
    found = _publish(march)
    gaps = {cell: count for cell, count in found.items() if "gap" in cell.figure}
    assert gaps == {
        Cell(Figure.GAPS, "lifts"): 1,
        Cell(Figure.GAP_AREAS, AREA): 1,
        Cell(Figure.GAP_PAIRS, "lifts", AREA): 1,
    }
    assert found[Cell(Figure.NEED_AREAS, AREA)] == 2


def test_an_acceptance_notes_no_id_and_no_instant_and_the_note_is_gone_when_counted(
    march: Bench,
) -> None:
    referral = march.refer()
    (note,) = march.table("figure_note")
    assert str(referral.referral_id) not in str(note)
    assert note["month"] == date(2027, 3, 1)
    assert note["id"].version == 4
    assert count_figures(march.hub) == 0
    assert march.table("figure_note") == []
    assert sum(row["count"] for row in march.table("figure_count")) == 2


def test_a_month_is_published_once_with_every_cell_and_its_true_counts_are_dropped(
    march: Bench,
) -> None:
    _life(march)
    flips: list[bool] = []

    def coin() -> bool:
        flips.append(len(flips) % 3 == 0)
        return flips[-1]

    _publish(march, coin)
    published = march.table("figure")
    asked = [code for code, _ in scores(measures())]
    areas = [row["code"] for row in march.table("area")]
    every = [cell for figure in Figure for cell in cells(figure, areas, asked)]
    assert len(published) == len(every) == flips.count(False) / 2
    assert march.table("figure_count") == []
    assert count_figures(march.hub) == 0
    assert march.table("figure") == published


def test_a_month_that_is_not_over_or_has_not_settled_tells_nothing(march: Bench) -> None:
    _life(march)
    for at in (datetime(2027, 3, 31, 20, tzinfo=UTC), datetime(2027, 4, 2, 20, tzinfo=UTC)):
        march.clock.stop_at(at)
        assert count_figures(march.hub) == 0
    assert march.table("figure") == []
    march.clock.stop_at(APRIL)
    assert count_figures(march.hub) == 1


def test_months_that_were_missed_follow_one_by_one(march: Bench) -> None:
    march.refer()
    march.clock.stop_at(datetime(2027, 7, 5, tzinfo=UTC))
    assert count_figures(march.hub) == 4
    months = {row["month"].month for row in march.table("figure") if row["figure"] != "gap_pairs"}
    assert months == {3, 4, 5, 6}
    assert {r["month"].month for r in march.table("figure") if r["figure"] == "gap_pairs"} == {1, 4}


def test_a_council_reads_its_own_and_only_a_commissioner_reads(march: Bench) -> None:
    _life(march)
    _publish(march)
    for username in ("council", "council-admin", "council-dpo", "gp", "neighbours"):
        with pytest.raises(Forbidden):
            read_figures(march.hub, march.staff[username], 3)
    ours = march.staff["council-figures"]
    elsewhere = Actor(ours.user_id, march.agencies["library"], Role.COMMISSIONER)
    assert read_figures(march.hub, elsewhere, 3).empty


def test_a_month_is_over_when_it_is_over_in_london() -> None:
    assert last_complete(datetime(2026, 7, 2, 22, 59, tzinfo=UTC)) == date(2026, 5, 1)
    assert last_complete(datetime(2026, 7, 2, 23, 0, tzinfo=UTC)) == date(2026, 6, 1)


def test_needs_that_come_back_to_the_council_are_gaps_once_it_opens_them(march: Bench) -> None:
    referral = march.refer(to=("mentors", "council"))
    chosen = march.refer(to=("council",))  # nobody else was agreed to, so nobody has refused
    march.deliver()
    no = DeclineReason.NO_CAPACITY
    (task,) = march.tasks(referral.referral_id)
    answer_task(march.hub, march.staff["mentors"], AnswerTask(task["id"], False, no, None))
    march.deliver()
    council = march.staff["council"]
    for sent in (referral, chosen):
        last = march.tasks(sent.referral_id)[-1]
        assert last["to"] == "council"
        for _ in range(2):
            open_task(march.hub, council, last["id"])
    found = _publish(march)
    assert found[Cell(Figure.GAPS, "lonely")] == 1
    assert found[Cell(Figure.GAP_AREAS, AREA)] == 1
    assert found[Cell(Figure.NEEDS, "lonely")] == 2


def test_where_services_are_there_and_none_is_for_this_person_the_council_has_it_as_a_gap(
    march: Bench,
) -> None:
    march.rows("UPDATE service SET minimum_age = 120")
    sent = march.refer(to=("mentors", "neighbours", "council"))
    assert march.states() == [("council", "routed")]
    plan = march.one("SELECT plan FROM referral WHERE id = %s", sent.referral_id)
    assert {row["reason"] for row in plan[0]["excluded"]} == {"age"}
    found = _publish(march)
    assert found[Cell(Figure.GAPS, "lonely")] == 1
