"""A question is about the task as its page showed it, and is asked once however often sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest

from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict
from referral_hub.services.answer_task import ask
from referral_hub.services.task_inbox import read_task
from tests.hub_bench import Bench, only


def test_a_question_sent_several_times_at_once_is_asked_once(bench: Bench) -> None:
    bench.refer()
    bench.deliver()
    mentors, task_id = bench.staff["mentors"], UUID(str(only(bench.tasks())["id"]))
    version = read_task(bench.hub, mentors, task_id).task.version
    together = Barrier(4)

    def press() -> TaskState:
        together.wait()
        return ask(bench.hub, mentors, task_id, "Any stairs?", version=version)

    with ThreadPoolExecutor(4) as pool:
        presses = [pool.submit(press) for _ in range(4)]
    refused = [isinstance(one.exception(), Conflict) for one in presses]
    assert sorted(refused) == [False, True, True, True]
    with pytest.raises(Conflict, match="since you opened the page"):
        ask(bench.hub, mentors, task_id, "Any stairs?", version=version)
    assert bench.one("SELECT count(*) FROM message") == 1
