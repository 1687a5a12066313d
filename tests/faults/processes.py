"""Worker processes that are started by the dozen: one process imports the hub, and forks the rest.

    python -m tests.faults.processes

reads a line of JSON for each process to make, answers `{"pid": …}`, and says a line when one ends
or is stopped: `{"ended": pid, "status": …}`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.deliver import drain
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.run_imports import run_imports
from referral_hub.services.submit_referral import submit_referral
from tests.faults.striking import Strike, arm, count_statements
from tests.hub_bench import Bench, open_bench

EARLY = (
    "referral_hub.outbox.listen",
    "referral_hub.store.rotation",
    "referral_hub.crypto.unseal",
    "psycopg",
)


def main() -> None:
    """Fork a process for each line, until there are no more."""
    for name in EARLY:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(asked)
        _say({"pid": pid})
        threading.Thread(target=_wait, args=(pid,), daemon=True).start()


def _wait(pid: int) -> None:
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        _say({"ended": pid, "status": status})
        if not os.WIFSTOPPED(status):
            return


def _say(what: dict[str, Any]) -> None:
    os.write(sys.stdout.fileno(), f"{json.dumps(what)}\n".encode())


def _be(asked: dict[str, Any]) -> None:
    """Do the work of `asked` and end; nothing of the parent is run on the way out."""
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    try:
        counted = count_statements()
        bench = open_bench(asked["url"], Path(asked["directory"]))
        bench.clock.forward(timedelta(seconds=asked.get("ahead", 0)))
        if asked.get("strike"):
            arm(Strike(**asked["strike"]))
        WORK[asked["work"]](bench, asked)
        if asked.get("count_into"):
            Path(asked["count_into"]).write_text(str(counted()), encoding="ascii")
    except BaseException:  # noqa: BLE001 - nothing may return into the parent's loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _drain(bench: Bench, asked: dict[str, Any]) -> None:
    drain(bench.hub, batch=asked.get("batch", 200))


def _submit(bench: Bench, asked: dict[str, Any]) -> None:
    command = bench.command(draft_id=UUID(asked["draft"]))
    submit_referral(bench.hub, bench.staff["gp"], command)


def _accept(bench: Bench, asked: dict[str, Any]) -> None:
    answer = AnswerTask(UUID(asked["task"]), True, None, "Gladly")
    answer_task(bench.hub, bench.staff["mentors"], answer)


def _rotate(bench: Bench, asked: dict[str, Any]) -> None:
    rotate_keys(bench.hub, fresh_root=asked["fresh"], batch=2)


def _clocks(bench: Bench, asked: dict[str, Any]) -> None:
    bench.clock.stop_at(datetime.fromisoformat(asked["at"]))
    keep_clocks(bench.hub)


def _import(bench: Bench, _asked: dict[str, Any]) -> None:
    run_imports(bench.hub)


WORK: dict[str, Callable[[Bench, dict[str, Any]], None]] = {
    "drain": _drain,
    "submit": _submit,
    "accept": _accept,
    "rotate": _rotate,
    "clocks": _clocks,
    "import": _import,
}


if __name__ == "__main__":
    main()
