"""Watching the statements that reach the database, whichever way they take: engine or direct."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from referral_hub.store.direct import Link
from referral_hub.store.engine import Database

Note = Callable[[str], None]


@contextmanager
def watching(database: Database, note: Note) -> Iterator[None]:
    """Tell `note` each statement of `database` before it is sent."""
    engines = (database.app, database.app_statement, database.worker, database.worker_statement)

    def on_engine(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    undo = before_direct(note)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", on_engine)
    try:
        yield
    finally:
        undo()
        for engine in engines:
            event.remove(engine, "before_cursor_execute", on_engine)


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements of `database` while this lasts."""
    seen: list[str] = []
    with watching(database, seen.append):
        yield seen


def everywhere(when: str, note: Note) -> None:
    """Tell `note` each statement of this process, `when` "before" or "after" it, from now on."""

    def on_engine(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(statement)

    event.listen(Engine, f"{when}_cursor_execute", on_engine)
    before_direct(note) if when == "before" else _around_direct(lambda _: None, note)


def before_direct(note: Note) -> Callable[[], None]:
    """Tell `note` each statement that goes past the engine; returns what ends that."""
    return _around_direct(note, lambda _: None)


def _around_direct(before: Note, after: Note) -> Callable[[], None]:
    original = Link.run

    def run(self: Link, statement: str, parameters: Any) -> Any:
        before(statement)
        found = original(self, statement, parameters)
        after(statement)
        return found

    Link.run = run  # type: ignore[method-assign]  # a test's ear at the door
    return lambda: setattr(Link, "run", original)
