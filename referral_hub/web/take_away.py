"""Referrals as a table, and the order of the agency's own form (paper is `sheets`).

A table holds what the agency may see at this moment, each referral with its own entry in
the log, and nothing that would run in a spreadsheet. The table's file is not kept by the hub.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.area_names import area_names
from referral_hub.services.field_order import arrange_fields, field_order
from referral_hub.services.hub import Hub
from referral_hub.services.open_many import MOST, OpenedRow, field_ids, open_many
from referral_hub.services.table_forms import safe
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.take_away import OrderPage, TablePage, Which
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
