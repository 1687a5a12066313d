"""What must be true whatever was killed: nothing lost, nothing twice, nothing without its entry."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from referral_hub.domain.codes import DeclineReason, NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.withdraw import withdraw_agreement
from tests.faults.example_partner import ExamplePartner
from tests.hub_bench import GARDEN, Bench

ROUND = timedelta(seconds=95)
EXPECTED = [
    ("council", "offered"),
    ("mentors", "accepted"),
    ("mentors", "declined"),
    ("mentors", "offered"),
    ("time_bank", "offered"),
    ("time_bank", "offered"),
    ("time_bank", "withdrawn"),
]


def give_the_worker_something_of_everything(bench: Bench) -> None:
    """Offers for inbox and partner, an acceptance, a slot to move on, a withdrawal to tell."""
    mentors, gp = bench.staff["mentors"], bench.staff["gp"]
    bench.refer(to=("mentors", "council"))
    bench.refer(to=("mentors", "council"))
    told = bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    accepted, declined = (row["id"] for row in bench.tasks() if row["to"] == "mentors")
    answer_task(bench.hub, mentors, AnswerTask(accepted, True, None, None))
    no = AnswerTask(declined, False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, mentors, no)
    bench.refer(needs=(NeedCode.BEEN_THERE,), to=("mentors",))
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.refer(needs=GARDEN, to=("time_bank",))
    withdraw_agreement(bench.hub, gp, told.referral_id)


def nothing_left_without_its_entry(bench: Bench, partner: ExamplePartner) -> None:
    """Holds at every moment, also right after a kill."""
    assert bench.disclosures_without_entry() == []
    for document in partner.documents():
        found = bench.rows(
            "SELECT seq, outcome FROM log_entry WHERE id = %s", UUID(document["log_entry"])
        )
        assert [row["outcome"] for row in found] in (["permit"], ["told"])
        assert all(row["seq"] is not None for row in found)


def recover(bench: Bench, rounds: int = 3) -> None:
    """Let the leases of the dead run out and another worker do what is left."""
    for _ in range(rounds):
        bench.clock.forward(ROUND)
        bench.deliver()


def everything_arrived_once(bench: Bench, partner: ExamplePartner) -> None:
    """Holds once another worker has been there."""
    assert sorted(bench.states()) == EXPECTED
    outbox = bench.table("outbox")
    assert {row["state"] for row in outbox} == {"delivered"}, bench.outbox()
    to_partner = {
        row["id"] for row in outbox if row["recipient_agency_id"] == bench.agencies["time_bank"]
    }
    kept = [effect for effect, _, _ in partner.kept()]
    assert len(kept) == len(set(kept))
    assert set(kept) == to_partner
    in_inboxes = Counter(
        row["effect_id"] for row in bench.table("release") if row["effect_id"] not in to_partner
    )
    assert set(in_inboxes.values()) == {1}
    disclosing = {row["id"] for row in outbox if row["kind"] in {"offer", "acceptance"}}
    assert {row["effect_id"] for row in bench.table("release")} == disclosing
    assert all(row["entry_id"] for row in bench.table("task_event"))
    assert bench.one("SELECT count(*) FROM log_entry WHERE seq IS NULL") == 0
    verification = bench.verify()
    assert verification.ok, verification.problems
    assert len(bench.table("log_checkpoint"))
