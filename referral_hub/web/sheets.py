"""One referral on paper, in the order of the agency's own form: a page to print, or a tagged PDF.

Both are looks: decided and logged like every other before anything is shown. The file's name and
title carry the reference alone, and the hub keeps no copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import render_template, url_for
from werkzeug.wrappers import Response

from adapters.formats.tagged_pdf import Line, Sheet, write_sheet
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict
from referral_hub.services.area_names import area_names
from referral_hub.services.field_order import field_order
from referral_hub.services.hub import Hub
from referral_hub.services.release import OpenedTask, Withheld, open_task
from referral_hub.services.task_inbox import TaskView, read_task
from referral_hub.services.visits import Visit
from referral_hub.web.answers import moved_on
from referral_hub.web.forms import read_form
from referral_hub.web.forms.take_away import PrintPage
from referral_hub.web.history import recipients_reason
from referral_hub.web.opened import OpenedLine, in_order
from referral_hub.web.rendering import instant, words

_DESTROY = "Destroy this sheet when your part has ended."


@dataclass(frozen=True, slots=True, repr=False)
class _Looked:
    """What may be shown now, in the agency's order."""

    view: TaskView
    opened: OpenedTask
    lines: tuple[OpenedLine, ...]

    def __repr__(self) -> str:
        return "<_Looked (redacted)>"


def sheet(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """One referral for the printer."""
    back = url_for("tasks.show", task_id=task_id)
    found = _look(hub, actor, task_id, back)
    if not isinstance(found, _Looked):
        return found
    return render_template(
        "take_away/sheet.html",
        view=found.view,
        lines=found.lines,
        entry_id=found.opened.entry_id,
        at=hub.clock(),
        back=back,
    )


def sheet_file(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """The same as a tagged PDF."""
    return _as_file(hub, _look(hub, actor, task_id, url_for("tasks.show", task_id=task_id)))


def visitors_file(hub: Hub, visit: Visit, invitation_id: UUID) -> Any:
    """The same for whoever came by a one-time link."""
    back = url_for("visits.show", invitation_id=invitation_id)
    return _as_file(hub, _look(hub, visit.actor, visit.task_id, back))


def _look(hub: Hub, actor: Actor, task_id: UUID, back: str) -> Any:
    """Open it, or return the page that says why not."""
    read_form(PrintPage())
    view = read_task(hub, actor, task_id)
    try:
        opened = open_task(hub, actor, task_id)
    except Withheld as withheld:
        told = recipients_reason(withheld.reason, words())
        return render_template(
            "tasks/withheld.html", view=view, told=told, back=back, emergency=False
        ), 403
    except Conflict as conflict:
        return moved_on(view, str(conflict)), 409
    lines = in_order(opened.fields, words(), area_names(hub, actor), order=field_order(hub, actor))
    return _Looked(view, opened, lines)


def _as_file(hub: Hub, found: Any) -> Any:
    if not isinstance(found, _Looked):
        return found
    task, at = found.view.task, hub.clock()
    told = words()
    data = write_sheet(
        Sheet(
            title=f"Referral {task.reference}",
            before=[
                f"For {task.recipient_name}, from {task.origin_name}.",
                f"How soon: {told.words(task.priority, 'Priority')}.",
            ],
            lines=[Line(line.label, line.values) for line in found.lines],
            after=[f"Opened {instant(at)}; entry {found.opened.entry_id} of the log.", _DESTROY],
        )
    )
    answer = Response(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{task.reference}.pdf"'
    return answer
