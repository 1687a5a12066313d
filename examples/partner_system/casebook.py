"""What the partner keeps, and telling the hub what its coordinator decided.

Envelopes stay sealed in the database and are opened to be shown, so a copied database shows nobody.
A decision is written down first and told by a thread that tries until the hub answers: it is lost
neither when the hub is down nor when this program is.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from partner_system.envelope import Partnership

SCHEMA = """
CREATE TABLE IF NOT EXISTS envelope (effect_id PRIMARY KEY, task_id, receipt, sealed);
CREATE TABLE IF NOT EXISTS task (task_id PRIMARY KEY, reference, state, wanted, said, problem);
CREATE TABLE IF NOT EXISTS told (effect_id PRIMARY KEY, task_id, kind, state);
"""
# What we do when the hub tells us what became of an agreement, and the state it leaves a task in.
ENDS = {"withdrawal": "withdrawn", "refusal": "withdrawn", "objection": "withdrawn"}
RESTS = {"restriction": "restricted", "expiry": "expired"}
GOES_ON = {"renewal", "expiring", "correction"}
# What we are no longer part of is not kept, in whichever order messages arrive.
FORGET = """
UPDATE envelope SET sealed = NULL WHERE task_id IN
    (SELECT task_id FROM task WHERE state IN ('withdrawn', 'declined'))
"""
# While a task rests nothing of it is shown or used; a renewal wakes it where it was.
RESTING = (
    "SELECT kind FROM told WHERE task_id = ? AND kind IN (?, ?, 'renewal') ORDER BY rowid DESC"
)
STATES = {"accept": "accepted", "decline": "declined", "contact": "in_progress", "close": "closed"}
AGAIN = {0, 404, 408, 425, 429}
MOST_ATTEMPTS = 60


class Casebook(threading.Thread):
    """The partner's own record, in a private SQLite file."""

    def __init__(self, path: Path, partnership: Partnership) -> None:
        super().__init__(daemon=True)
        path.touch(mode=0o600)
        self._lock, self._bell = threading.Lock(), threading.Event()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(f"PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; {SCHEMA}")
        self._partnership = partnership
        self._client = httpx.Client(timeout=10, follow_redirects=False, trust_env=False)

    def keep(self, effect_id: str, document: dict[str, Any], sealed: bytes) -> tuple[str, bool]:
        """Keep an envelope once: its receipt, and whether it is new."""
        task_id, receipt = document["task"], f"R-{secrets.token_hex(8)}"
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for (known,) in self._db.execute(
                "SELECT receipt FROM envelope WHERE effect_id = ?", (effect_id,)
            ):
                return known, False
            self._db.execute(
                "INSERT INTO envelope VALUES (?, ?, ?, ?)", (effect_id, task_id, receipt, sealed)
            )
            self._db.execute(
                "INSERT OR IGNORE INTO task VALUES (?, ?, 'offered', '', '', '')",
                (task_id, document["reference"]),
            )
            if document["kind"] in {*ENDS, *RESTS, *GOES_ON}:
                self._act_on(effect_id, task_id, document["kind"])
            else:
                self._replace_older(document)
            self._db.execute(FORGET)
        return receipt, True

    def _act_on(self, effect_id: str, task_id: str, kind: str) -> None:
        """Do what we were told to, and note that the hub must know: in one transaction."""
        if kind in ENDS:
            self._db.execute(
                "UPDATE task SET state = ?, wanted = '', said = '' WHERE task_id = ?",
                (ENDS[kind], task_id),
            )
        self._db.execute(
            "INSERT INTO told VALUES (?, ?, ?, 'to acknowledge')", (effect_id, task_id, kind)
        )

    def _replace_older(self, document: dict[str, Any]) -> None:
        """After a correction an offer or acceptance comes again: only the newest is kept."""
        found = self._db.execute(
            "SELECT effect_id, sealed FROM envelope WHERE task_id = ? AND sealed IS NOT NULL",
            (document["task"],),
        ).fetchall()
        alike = [
            (known["issued_at"], effect_id)
            for effect_id, sealed in found
            if (known := self._partnership.reread(sealed))["kind"] == document["kind"]
        ]
        for _, effect_id in sorted(alike)[:-1]:
            self._db.execute("UPDATE envelope SET sealed = NULL WHERE effect_id = ?", (effect_id,))

    def remind(self, effect_id: str) -> None:
        """The hub told us again: what we acted on is acknowledged again."""
        self._rows("UPDATE told SET state = 'to acknowledge' WHERE effect_id = ?", (effect_id,))
        self._bell.set()

    def resting(self, task_id: str) -> str:
        """Why a task must not be used for now: "restricted", "expired", or "" when it may be."""
        rows = self._rows(RESTING, (task_id, *RESTS))
        return RESTS.get(rows[0][0], "") if rows else ""

    def tasks(self) -> list[dict[str, str]]:
        """Every task, newest first: task_id, reference, state, wanted, said, problem."""
        names = ("task_id", "reference", "state", "wanted", "said", "problem")
        rows = self._rows("SELECT * FROM task ORDER BY rowid DESC")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def told(self, task_id: str) -> list[dict[str, Any]]:
        """The documents about a task, oldest first."""
        rows = self._rows(
            "SELECT sealed FROM envelope WHERE task_id = ? AND sealed IS NOT NULL ORDER BY rowid",
            (task_id,),
        )
        return [self._partnership.reread(sealed) for (sealed,) in rows]

    def want(self, task_id: str, action: str, said: dict[str, Any]) -> None:
        """Note what the hub is to be told, and have it told. `said` is the request's body."""
        self._rows(
            "UPDATE task SET wanted = ?, said = ?, problem = '' "
            "WHERE task_id = ? AND wanted = '' AND state <> 'withdrawn'",
            (action, json.dumps(said), task_id),
        )
        self._bell.set()

    def run(self) -> None:
        """Tell the hub what is wanted: at once when rung, then once a second while something waits.

        A 404 is tried again as well: the hub may not have noted yet that its message arrived.
        """
        attempts: dict[str, int] = {}
        while True:
            acknowledging = self._acknowledge()
            waiting = [task for task in self.tasks() if task["wanted"]]
            for task in waiting:
                task_id, status = task["task_id"], self._tell(task)
                attempts[task_id] = attempts.get(task_id, 0) + 1
                again = (status in AGAIN or status >= 500) and attempts[task_id] < MOST_ATTEMPTS
                if not again:
                    attempts.pop(task_id)
                    self._settle(task, status)
            self._bell.wait(timeout=1 if waiting or acknowledging else None)
            self._bell.clear()

    def _acknowledge(self) -> bool:
        """Tell the hub what we acted on; True while some of it could not be told."""
        rows = self._rows("SELECT effect_id FROM told WHERE state = 'to acknowledge'")
        left = False
        for (effect_id,) in rows:
            status = self._post(f"notifications/{effect_id}/acknowledge", b"{}")
            if status in AGAIN - {404} or status >= 500:
                left = True
            else:
                state = "acknowledged" if 200 <= status < 300 else f"the hub answered {status}"
                self._rows("UPDATE told SET state = ? WHERE effect_id = ?", (state, effect_id))
        return left

    def _tell(self, task: dict[str, str]) -> int:
        return self._post(f"tasks/{task['task_id']}/{task['wanted']}", task["said"].encode())

    def _post(self, path: str, body: bytes) -> int:
        url = f"{self._partnership.hub_url}/partner/v1/{path}"
        token = self._partnership.bearer_token(url, body)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            return self._client.post(url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            return 0

    def _settle(self, task: dict[str, str], status: int) -> None:
        done = 200 <= status < 300
        state = STATES[task["wanted"]] if done else task["state"]
        problem = "" if done else f"The hub answered {status} to {task['wanted']}"
        self._rows(
            "UPDATE task SET wanted = '', said = '', problem = ?, state = ? "
            "WHERE task_id = ? AND state <> 'withdrawn'",
            (problem, state, task["task_id"]),
        )
        self._rows(FORGET)

    def _rows(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()
