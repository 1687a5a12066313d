"""Referrals on paper and as a table, in the order of the agency's own form.

A sheet and a table hold what the agency may see at this moment, each referral with its own entry in
the log, and nothing that would run in a spreadsheet. The table's file is not kept by the hub.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict
from referral_hub.services.area_names import area_names
from referral_hub.services.field_order import arrange_fields, field_order
from referral_hub.services.hub import Hub
from referral_hub.services.open_many import MOST, OpenedRow, field_ids, open_many
from referral_hub.services.release import Withheld, open_task
from referral_hub.services.table_forms import safe
from referral_hub.services.task_inbox import read_task
from referral_hub.web.answers import moved_on
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.take_away import OrderPage, PrintPage, TablePage, Which
from referral_hub.web.history import recipients_reason
from referral_hub.web.opened import in_order
from referral_hub.web.rendering import day, words

HEADS = ("Reference", "State", "From", "Service", "How soon", "Received", "Answer by", "Log entry")


def table_form(_hub: Hub, _actor: Actor) -> str:
    """Ask which referrals the table is to hold."""
    return _ask(Filled())


def table(hub: Hub, actor: Actor) -> Any:
    """The table; each referral in it was decided and logged on its own."""
    form = read_form(TablePage())
    if not form.ok:
        return _ask(form), 422
    rows = open_many(hub, actor, only_new=form.values["which"] is Which.NEW)
    if not rows:
        return render_template("take_away/nothing.html", back=url_for("tasks.list_all"))
    order = [name for name in field_order(hub, actor) if name in field_ids(rows)]
    columns = [*order, *sorted(field_ids(rows) - set(order))]
    answer = Response(_written(hub, actor, rows, columns), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="referrals.csv"'
    return answer


def sheet(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """One referral for the printer, in the order of the agency's form."""
    read_form(PrintPage())
    view, back = read_task(hub, actor, task_id), url_for("tasks.show", task_id=task_id)
    try:
        opened = open_task(hub, actor, task_id)
    except Withheld as withheld:
        told = recipients_reason(withheld.reason, words())
        return render_template(
            "tasks/withheld.html", view=view, told=told, back=back, emergency=False
        ), 403
    except Conflict as conflict:
        return moved_on(view, str(conflict)), 409
    order = field_order(hub, actor)
    return render_template(
        "take_away/sheet.html",
        view=view,
        lines=in_order(opened.fields, words(), area_names(hub, actor), order=order),
        entry_id=opened.entry_id,
        at=hub.clock(),
        back=back,
    )


def order_form(hub: Hub, actor: Actor) -> str:
    """Show the order of the agency's form."""
    names = words().all_fields()
    order = [name for name in field_order(hub, actor) if name in names]
    ordered = [*order, *(name for name in names if name not in order)]
    return _arrange(Filled({"order": "\n".join(names[name] for name in ordered)}))


def arrange(hub: Hub, actor: Actor) -> Any:
    """Store another order."""
    form = read_form(OrderPage())
    if not form.ok:
        return _arrange(form), 422
    ids = {label.casefold(): name for name, label in words().all_fields().items()}
    lines = [line.strip() for line in form.values["order"].split("\n") if line.strip()]
    unknown = [number for number, line in enumerate(lines, 1) if line.casefold() not in ids]
    if unknown:
        told = f"Line {unknown[0]} is not the name of a field; take the names as they are listed"
        return _arrange(form.with_errors(order=told)), 422
    arrange_fields(hub, actor, list(dict.fromkeys(ids[line.casefold()] for line in lines)))
    return redirect(url_for("take_away.order_form", done=1))


def _written(hub: Hub, actor: Actor, rows: Sequence[OpenedRow], columns: Sequence[str]) -> bytes:
    labels, areas = words(), area_names(hub, actor)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*HEADS, *(labels.field(name) for name in columns)])
    for row in rows:
        cells = [
            {line.label: "; ".join(line.values) for line in in_order({n: v}, labels, areas)}
            for n, v in (row.fields or {}).items()
        ]
        found = {label: value for cell in cells for label, value in cell.items()}
        content = [found.get(labels.field(name), "") for name in columns]
        writer.writerow([safe(cell) for cell in (*_head(row), *content)])
    return codecs.BOM_UTF8 + text.getvalue().encode()


def _head(row: OpenedRow) -> tuple[str, ...]:
    task, labels = row.task, words()
    withheld = " (cannot be shown now)" if row.fields is None else ""
    return (
        task.reference,
        labels.words(task.state, "TaskState.received") + withheld,
        task.origin_name,
        task.service_name or "",
        labels.words(task.priority, "Priority"),
        day(task.released_at) if task.released_at else "",
        day(task.due_at) if task.due_at else "",
        str(row.entry_id),
    )


def _ask(form: Filled) -> str:
    return render_template(
        "take_away/table.html", form=form, most=MOST, back=url_for("tasks.list_all")
    )


def _arrange(form: Filled) -> str:
    return render_template(
        "take_away/order.html",
        form=form,
        names=sorted(words().all_fields().values()),
        done="done" in request.args,
    )
