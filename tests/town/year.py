"""A year of the town: people refer, groups answer or do not, things fail, and the clock goes on.

Everything but the clock is real: the services that pages call, the worker's rounds, PostgreSQL.
Each person's behaviour is drawn from the seed. What is asserted is asked of the database, not of
the simulation.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random  # noqa: TID251 - a seed reproduces a run
from typing import Any
from uuid import UUID

from referral_hub.domain.codes import ClosingOutcome, DeclineReason, Priority, Role
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskState
from referral_hub.domain.working_hours import LONDON
from referral_hub.errors import HubError
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact, reply
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.keep_time import keep_time
from referral_hub.services.put_right import record_agreement
from referral_hub.services.steer import Steer, Steering, steer
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import Bench, Row
from tests.services.partners import PartnerSystem
from tests.town import checks
from tests.town.world import NEEDS, Outages, Window, actor, add_groups, plan_outages

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LOOKS = (10.0, 16.5)
_MOVED = "SELECT * FROM task WHERE moved_at > %s OR created_at > %s ORDER BY id"
_OVERDUE = """
    SELECT t.* FROM task t WHERE t.step_at IS NULL AND t.due_at < %s AND t.state = ANY(%s)
    AND EXISTS (SELECT 1 FROM task_event e WHERE e.task_id = t.id AND e.event = 'due'
                AND e.state = t.state) ORDER BY t.id
"""


class Year:
    """One simulated year over a bench; `tally` counts what happened."""

    def __init__(
        self, bench: Bench, seed: str, *, referrals: int, days: int, partner: PartnerSystem
    ) -> None:
        self.bench, self.hub, self.partner = bench, bench.hub, partner
        self.chance = Random(f"town {seed}")  # noqa: S311 - a seed reproduces a run
        self.tally: Counter[str] = Counter()
        self.faults: list[str] = []
        self._keys = add_groups(bench)
        self._council = bench.agencies["council"]
        self._later: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._seen: set[tuple[UUID, str, int]] = set()
        self._looked = bench.clock()
        self._begin = self._midnight(bench.clock()) + DAY
        self._days = days
        helpers = [bench.agencies[key] for key in self._keys]
        self.outages: Outages = plan_outages(self.chance, helpers, self._begin, days)
        self._arrivals = sorted(self.chance.uniform(0, days) for _ in range(referrals))
        self._changed: dict[tuple[str, UUID], datetime | None] = {}

    def run(self, *, settle_days: int) -> None:
        """Let the year pass, and then time in which nobody new comes."""
        for day in range(self._days + settle_days):
            for look in LOOKS if self._works(day) else LOOKS[:1]:
                self._tick(self._begin + day * DAY + look * HOUR)
            if day % 28 == 27 or day == self._days + settle_days - 1:
                self._check()

    # the hub

    def _tick(self, at: datetime) -> None:
        self.bench.clock.forward(max(at - self.bench.clock(), timedelta(0)))
        self._fail_and_recover(at)
        while self._arrivals and self._begin + self._arrivals[0] * DAY <= at:
            self._arrivals.pop(0)
            self._refer()
        while self._later and self._later[0][0] <= at:
            self._do(heapq.heappop(self._later)[2])
        if self._away(self.outages.worker, at):
            self.tally["rounds missed"] += 1
            return
        for _ in range(3):
            taken = keep_clocks(self.hub)
            if not self.bench.deliver() and not taken:
                break
        if at.hour < 12:
            keep_time(self.hub)
            self._council_looks(at)
        self._people_look()

    def _fail_and_recover(self, at: datetime) -> None:
        down = self._away(self.outages.partner, at)
        self.partner.answers = [(503, {})] * 1000 if down else []
        for agency in {agency for agency, _ in self.outages.paused}:
            over = self._until(self.outages.paused, agency, at)
            how = "UPDATE service SET paused_until = %s WHERE agency_id = %s"
            self._set(("a service is paused", agency), over, how)
        for agency in {agency for agency, _ in self.outages.uninsured}:
            over = self._until(self.outages.uninsured, agency, at)
            how = (
                "UPDATE agency SET insured_until = coalesce(%s::timestamptz - interval '99 days',"
                " now() + interval '9 years') WHERE id = %s"
            )
            self._set(("an insurance lapses", agency), over, how)
        for agency, when, how in self.outages.stops:
            if when <= at and not self._changed.get(("a provider stops", agency)):
                self._changed["a provider stops", agency] = when
                self.tally["outages: a provider stops"] += 1
                where = "agency_id" if "service" in how else "id"
                self.bench.rows(f"{how} WHERE {where} = %s", agency)

    def _set(self, what: tuple[str, UUID], until: datetime | None, statement: str) -> None:
        if self._changed.get(what) != until:
            self.tally[f"outages: {what[0]}"] += until is not None
            self._changed[what] = until
            self.bench.rows(statement, until, what[1])

    @staticmethod
    def _until(windows: list[tuple[UUID, Window]], who: UUID, at: datetime) -> datetime | None:
        return max((w.ends for one, w in windows if one == who and w.covers(at)), default=None)

    def _check(self) -> None:
        at = self.bench.clock()
        up = not self._away(self.outages.worker, at)
        self.tally["times everything was checked"] += 1
        self.faults += [
            f"{at:%d %B %Y}: {one}" for one in checks.faults(self.bench, at, hub_is_up=up)
        ]

    # those who refer

    def _refer(self) -> None:
        names = self.chance.sample(self._keys, self.chance.randint(3, len(self._keys)))
        named = [*names, "council"] if self.chance.random() < 0.97 else names
        urgent = self.chance.random() < 0.1
        sent = self.bench.refer(
            frozenset(self.chance.sample(NEEDS, self.chance.choice([1, 1, 1, 2]))),
            tuple(named),
            person={"nhs_number": None},
            priority=Priority.URGENT if urgent else Priority.ROUTINE,
            agreement=self.bench.agreed(
                tuple(named), until=(self.bench.clock() + self._agreed_for()).date()
            ),
        )
        self.tally["referrals"] += 1
        if self.chance.random() < 0.02:
            self._in(60, lambda: self._withdraw(sent.referral_id))

    def _agreed_for(self) -> timedelta:
        return 40 * DAY if self.chance.random() < 0.03 else 700 * DAY

    def _withdraw(self, referral_id: UUID) -> None:
        withdraw_agreement(self.hub, self.bench.staff["gp"], referral_id)
        self.tally["agreements withdrawn"] += 1

    # those who help

    def _people_look(self) -> None:
        since, self._looked = self._looked, self.bench.clock()
        for task in self.bench.rows(_MOVED, since - HOUR, since - HOUR):
            key = (task["id"], task["state"], task["version"])
            if key not in self._seen:
                self._seen.add(key)
                self._react(task)

    def _react(self, task: Row) -> None:
        state, chance = TaskState(task["state"]), self.chance.random()
        council = task["recipient_agency_id"] == self._council
        if state is TaskState.OFFERED:
            self.tally["offers"] += task["version"] <= 2
            self._on_offer(task, 0.99 if council else chance)
        elif state is TaskState.INFORMATION_ASKED and chance < 0.75:
            self._in(6, lambda: reply(self.hub, self.bench.staff["gp"], task["id"], "Two steps."))
        elif state is TaskState.ACCEPTED and chance < 0.92:
            self._in(8, lambda: record_contact(self.hub, self._who(task), task["id"]))
        elif state is TaskState.IN_PROGRESS and chance < 0.95:
            self._in(60, lambda: self._close(task, self._who(task)))
        elif state is TaskState.HELD and chance < 0.5:
            self._in(8, lambda: self._agree(task))

    def _on_offer(self, task: Row, chance: float) -> None:
        if chance < 0.17:
            self.tally["offers met with silence"] += 1
        elif chance < 0.36:
            self._in(9, lambda: self._answer(task, None))
        elif chance < 0.42:
            self._in(4, lambda: ask(self.hub, self._who(task), task["id"], "Any stairs?"))
        else:
            self._in(9, lambda: self._answer(task, True))

    def _answer(self, task: Row, accept: bool | None) -> None:
        reason = None if accept else self.chance.choice(
            [DeclineReason.NO_CAPACITY, DeclineReason.NOT_SUITABLE, DeclineReason.OUT_OF_AREA]
        )  # fmt: skip
        answer_task(self.hub, self._who(task), AnswerTask(task["id"], bool(accept), reason, None))
        self.tally["accepted" if accept else "declined"] += 1

    def _close(self, task: Row, who: Any) -> None:
        outcome = self.chance.choice(list(ClosingOutcome))
        close_task(self.hub, who, CloseTask(task["id"], outcome, True, "Nothing more is needed"))
        self.tally["closed"] += 1

    def _agree(self, task: Row) -> None:
        everybody = self.bench.agreed((*self._keys, "council"))
        record_agreement(self.hub, self.bench.staff["gp"], task["referral_id"], everybody)
        self.tally["holds put right"] += 1

    # the council, each morning

    def _council_looks(self, at: datetime) -> None:
        states = ["offered", "information_asked", "accepted", "in_progress", "on_hold", "held"]
        for task in self.bench.rows(_OVERDUE, at, states):
            self._do(lambda task=task: self._council_acts(task))

    def _council_acts(self, task: Row) -> None:
        council, own = self.bench.staff["council"], task["recipient_agency_id"] == self._council
        if task["state"] == "held" or task["state"] == "in_progress":
            self._close(task, council)
            self.tally["closed by the council with a reason"] += 1
            return
        if own and task["state"] in {"offered", "information_asked"}:
            self._answer(task, True)
            return
        if own:
            record_contact(self.hub, council, task["id"])
            return
        what = Steering.TAKE if self.chance.random() < 0.4 else Steering.TAKE_BACK
        why = "They accepted and have not been in contact"
        steer(self.hub, council, what, Steer(task["id"], task["version"], why))
        self.tally[f"council: {what}"] += 1

    # turning the handle

    def _in(self, most_days: float, act: Callable[[], object]) -> None:
        at = self.bench.clock() + self.chance.uniform(0.05, most_days) * DAY
        heapq.heappush(self._later, (at, next(self._order), act))

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except HubError:
            self.tally["came too late"] += 1

    def _who(self, task: Row) -> Any:
        if task["recipient_agency_id"] == self._council:
            return self.bench.staff["council"]
        return actor(task["recipient_agency_id"], Role.COORDINATOR)

    def _works(self, day: int) -> bool:
        local = (self._begin + day * DAY + 12 * HOUR).astimezone(LONDON).date()
        return checks.HOURS.calendar.is_working_day(local)

    @staticmethod
    def _away(windows: list[Window], at: datetime) -> bool:
        return any(window.covers(at) for window in windows)

    @staticmethod
    def _midnight(at: datetime) -> datetime:
        return at.replace(hour=0, minute=0, second=0, microsecond=0)
