"""An access request on pages: find the person, record it, look at each item, look again, hand over.

Opening is a button, never an address that can be followed by chance; every press of it stands in
the log before anything is shown. Nothing here needs a script.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import (
    Response,
    redirect,
    render_template,
    request,
    send_file,
    stream_template,
    url_for,
)
from flask_login import current_user

from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import RecordRequest
from referral_hub.errors import Conflict, HubError, InvalidInput
from referral_hub.services.access_review import look_at, parts_of, save_review
from referral_hub.services.area_names import area_names
from referral_hub.services.hub import Hub
from referral_hub.services.record_matter import record_request
from referral_hub.services.subject_export import SubjectExport, make_export, preview
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.matters import (
    AnswerPage,
    Doing,
    RequestPage,
    decisions_of,
    review_page,
)
from referral_hub.web.forms.referral import Answer
from referral_hub.web.held_words import item_label, item_lines
from referral_hub.web.officer import IN_MEMORY
from referral_hub.web.people import found_or_told
from referral_hub.web.rendering import words
from referral_hub.web.subject_answer import Telling, answer, as_html, as_json, as_pdf

Written = Callable[[SubjectExport, Telling, BinaryIO], None]
SHOWN, PIECE = 200, 64 * 1024
HTML = "text/html; charset=utf-8"
WRITTEN: Mapping[Doing, tuple[Written, str]] = {
    Doing.JSON: (as_json, "application/json"),
    Doing.PDF: (as_pdf, "application/pdf"),
    Doing.HTML: (as_html, HTML),
}


def find_form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """Whose records are asked for."""
    return render_template("officer/matters/find.html", form=Filled())


def find(hub: Hub, actor: Actor) -> Any:
    """Go on to the request itself."""
    found = found_or_told(hub, actor)
    if isinstance(found, Filled):
        return render_template("officer/matters/find.html", form=found), 422
    return redirect(url_for("access_requests.form", subject_id=found))


def form(hub: Hub, actor: Actor, subject_id: UUID) -> str:  # noqa: ARG001 - a view's signature
    """Who asked, when, and how it was made sure who they are."""
    return _form(hub, subject_id, Filled())


def record(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Record the request."""
    filled = read_form(RequestPage())
    if not filled.ok:
        return _form(hub, subject_id, filled), 422
    try:
        made = record_request(hub, actor, RecordRequest(subject_id=subject_id, **filled.values))
    except InvalidInput as problem:
        return _form(hub, subject_id, _told(filled, problem)), 422
    except Conflict as refused:
        return _form(hub, subject_id, filled.with_errors(received_on=str(refused))), 409
    return redirect(url_for("matters.show", matter_id=made))


def records(hub: Hub, actor: Actor, matter_id: UUID) -> Any:
    """What there is to open, unopened."""
    try:
        return _records(hub, actor, matter_id, Filled())
    except Conflict as refused:
        return _refused(matter_id, refused), 409


def look(hub: Hub, actor: Actor, *, matter_id: UUID, part_id: UUID, page: int) -> Any:
    """Open a part; the look is in the log first."""
    return _looked(hub, actor, matter_id, place=(part_id, page))


def decide(hub: Hub, actor: Actor, *, matter_id: UUID, part_id: UUID, page: int) -> Any:
    """Keep what was decided about the items of a page."""
    prefix = "why-"
    shorts = [name.removeprefix(prefix) for name in request.form if name.startswith(prefix)]
    filled = read_form(review_page(shorts))
    if not shorts and part_id == matter_id:
        return records(hub, actor, matter_id)
    if filled.ok and shorts:
        decisions = decisions_of(filled.values, shorts)
        try:
            save_review(hub, actor, matter_id, part=part_id, decisions=decisions)
        except InvalidInput as problem:
            wrong = {
                (f"hide-{short}" if decisions[short].words else f"why-{short}"): said[0]
                for short, said in problem.fields.items()
            }
            filled = filled.with_errors(**wrong)
        except Conflict as refused:
            return _refused(matter_id, refused), 409
        else:
            return redirect(url_for("access_requests.records", matter_id=matter_id))
    answered = _looked(hub, actor, matter_id, place=(part_id, page), form=filled)
    return (answered, 422) if isinstance(answered, str) else answered


def second_look(hub: Hub, actor: Actor, matter_id: UUID) -> Any:
    """Show what would be handed over and what would not."""
    return _preview(hub, actor, matter_id, Filled())


def hand_over(hub: Hub, actor: Actor, matter_id: UUID) -> Any:
    """Hand over the file."""
    filled = read_form(AnswerPage())
    if not filled.ok:
        return _preview(hub, actor, matter_id, filled)
    chosen: Doing = filled.values["form"]
    named = filled.values["named"] is Answer.YES
    try:
        export = make_export(hub, actor, matter_id, chosen.value, named=named)
    except Conflict as refused:
        return _refused(matter_id, refused), 409
    write, media = WRITTEN[chosen]
    file = _written(partial(write, export, _telling(hub, actor, named=named)))
    name = f"{export.request.reference}.{chosen.value}"
    return send_file(file, media, as_attachment=True, download_name=name)


def _written(write: Callable[[BinaryIO], None]) -> BinaryIO:
    """Return what `write` wrote: in memory while it is short, else in a file that goes with it."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        write(cast("BinaryIO", file))
    except HubError:
        file.close()
        raise
    file.seek(0)
    return cast("BinaryIO", file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(partial(file.read, PIECE), b"")


def _form(hub: Hub, subject_id: UUID, filled: Filled) -> str:
    return render_template(
        "officer/matters/request.html",
        subject_id=subject_id,
        today=local_day(hub.clock()),
        form=filled,
        back=url_for("access_requests.find_form"),
    )


def _records(hub: Hub, actor: Actor, matter_id: UUID, filled: Filled) -> str:
    asked, parts = parts_of(hub, actor, matter_id)
    return render_template(
        "officer/matters/records.html",
        matter=asked,
        parts=parts,
        complete=all(part.decided >= part.items for part in parts),
        form=filled,
        back=url_for("matters.show", matter_id=matter_id),
    )


def _looked(
    hub: Hub, actor: Actor, matter_id: UUID, *, place: tuple[UUID, int], form: Filled | None = None
) -> Any:
    part_id, page = place
    try:
        asked, looked, pages = look_at(hub, actor, matter_id, part=part_id, page=page)
    except Conflict as refused:
        return _refused(matter_id, refused), 409
    labels, areas = words(), area_names(hub, actor)
    return render_template(
        "officer/matters/look.html",
        matter=asked,
        part_id=part_id,
        page=page,
        pages=pages,
        items=[
            (one, item_label(one.item, labels), item_lines(one.item, one.item.value, labels, areas))
            for one in looked
        ],
        form=form or Filled(),
        back=url_for("access_requests.records", matter_id=matter_id),
    )


def _preview(hub: Hub, actor: Actor, matter_id: UUID, filled: Filled) -> Any:
    try:
        export = preview(hub, actor, matter_id)
    except Conflict as refused:
        return _refused(matter_id, refused), 409
    told = answer(export, _telling(hub, actor, named=False))
    page = stream_template(
        "officer/matters/preview.html",
        matter=export.request,
        answer=told,
        seen=list(islice(told.seen, SHOWN)),
        lines=told.seen.count(),
        forms=Doing,
        form=filled,
        back=url_for("access_requests.records", matter_id=matter_id),
    )
    written = _written(lambda file: file.writelines(map(str.encode, page)))
    return Response(_read(written), 200 if filled.ok else 422, content_type=HTML)


def _telling(hub: Hub, actor: Actor, *, named: bool) -> Telling:
    name: str = current_user.agency_name
    return Telling(name, actor.agency_id, words(), area_names(hub, actor), named)


def _refused(matter_id: UUID, refused: Conflict) -> str:
    return render_template(
        "officer/matters/refused.html",
        told=str(refused),
        back=url_for("matters.show", matter_id=matter_id),
    )


def _told(form: Filled, problem: InvalidInput) -> Filled:
    return form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
