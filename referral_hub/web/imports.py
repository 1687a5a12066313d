"""Importing a file of visits: send it, read what would happen, say yes, and see what became of it.

A page about a file that is being worked on asks the browser to come back by itself, without a
script; `still=1` stops that for whoever does not want a page to move under them. What is shown are
counts, lines, the agency's own column names and codes; the rows that come back are taken away by a
button of its own, because that is a look that stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from adapters.formats.csv_rows import write_line
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.file_imports import (
    confirm_import,
    discard_import,
    list_imports,
    read_import,
    returned_rows,
)
from referral_hub.services.hub import Hub
from referral_hub.services.import_parts import HEADER, ReturnedRow
from referral_hub.services.receive_file import receive_file
from referral_hub.web.forms import Filled
from referral_hub.web.known import page_before
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import words
from referral_hub.web.upload import uploaded

REFRESH_SECONDS = 3
_BOM = "\ufeff"


def list_all(hub: Hub, actor: Actor) -> str:
    """The agency's files, and the form to send another."""
    return _list(hub, actor, Filled())


def receive(hub: Hub, actor: Actor) -> Any:
    """Take a file in; the same file again leads to the same page."""
    try:
        import_id = receive_file(hub, actor, uploaded())
    except InvalidInput as problem:
        (message,) = problem.fields["file"]
        return _list(hub, actor, Filled(errors={"file": message})), 422
    return redirect(url_for("imports.show", import_id=import_id))


def show(hub: Hub, actor: Actor, import_id: UUID) -> Response:
    """One file: how far it is, what would happen, or what happened."""
    view = read_import(hub, actor, import_id, after=_after())
    still = "still" in request.args
    page = make_response(
        render_template(
            "imports/show.html",
            view=view,
            still=still,
            next=view.became[-1].line if len(view.became) == 50 else None,
            back=url_for("imports.list_all"),
        )
    )
    if view.working and not still:
        page.headers["Refresh"] = str(REFRESH_SECONDS)
    return page


def confirm(hub: Hub, actor: Actor, import_id: UUID) -> WerkzeugResponse:
    """Import a file that was looked through."""
    confirm_import(hub, actor, import_id)
    return redirect(url_for("imports.show", import_id=import_id))


def discard(hub: Hub, actor: Actor, import_id: UUID) -> WerkzeugResponse:
    """Drop a file that has not been imported."""
    discard_import(hub, actor, import_id)
    return redirect(url_for("imports.list_all"))


def returned(hub: Hub, actor: Actor, import_id: UUID) -> Response:
    """The rows that could not be used, as a file with what to put right in its last column."""
    rows = returned_rows(hub, actor, import_id)
    page = Response(_csv(rows, words()), mimetype="text/csv")
    page.headers["Content-Disposition"] = 'attachment; filename="rows-to-put-right.csv"'
    return page


def _csv(rows: Iterator[ReturnedRow], labels: Labels) -> Iterator[str]:
    yield _BOM
    for row in rows:
        if row.line == HEADER:
            yield write_line([*row.cells, "line", "error"])
            continue
        wrong = [
            f"{column}: {labels.words(code, 'RowFault')}"
            if column
            else labels.words(code, "RowFault")
            for column, code in row.faults
        ]
        yield write_line([*row.cells, str(row.line), "; ".join(wrong)])


def _list(hub: Hub, actor: Actor, form: Filled) -> str:
    page = list_imports(hub, actor, before=page_before(request.args))
    return render_template("imports/list.html", page=page, form=form)


def _after() -> int:
    given = request.args.get("after", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
