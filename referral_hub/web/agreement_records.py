"""What a person agreed to: the record to read and print, the person's own copy, and the files.

The files are the record and the receipt as JSON (ISO/IEC TS 27560), as linked data (JSON-LD with
the Data Privacy Vocabulary) and as PDF, and the person's copy as PDF in large print.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, url_for

from consent.linked import linked
from consent.receipt import Content
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services.agreement_records import (
    AgreementRecord,
    agreement_of_entry,
    agreement_record,
    agreements_of,
)
from referral_hub.services.hub import Hub
from referral_hub.services.pdf_pages import LARGE_PRINT, PdfPages
from referral_hub.web.agreement_words import fields, persons_copy
from referral_hub.web.rendering import words

LINKED_DATA = "application/ld+json"
JSON, PDF = "application/json", "application/pdf"


def list_all(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Everything that was agreed with a referral, the newest first."""
    return render_template(
        "agreements/list.html",
        rows=agreements_of(hub, actor, referral_id),
        back=url_for("referrals.show", referral_id=referral_id)
        if access.allowed(actor.role, Permission.READ_REFERRAL)
        else None,
    )


def newest(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Lead to the person's newest copy, or to the empty list."""
    rows = agreements_of(hub, actor, referral_id)
    if rows:
        return redirect(url_for("agreement_records.copy", event_id=rows[0].id))
    return redirect(url_for("agreement_records.list_all", referral_id=referral_id))


def of_entry(hub: Hub, actor: Actor, entry_id: UUID) -> Any:
    """Lead from an entry of the log to the record that it vouches for."""
    event_id = agreement_of_entry(hub, actor, entry_id)
    return redirect(url_for("agreement_records.show", event_id=event_id))


def show(hub: Hub, actor: Actor, event_id: UUID) -> str:
    """Every field of the record, and its files."""
    found = agreement_record(hub, actor, event_id)
    return render_template(
        "agreements/record.html",
        found=found,
        rows=list(fields(found.receipt, words())),
        files=FILES,
        event_id=event_id,
    )


def copy(hub: Hub, actor: Actor, event_id: UUID) -> str:
    """The person's copy, in plain words and large print."""
    found = agreement_record(hub, actor, event_id)
    return render_template(
        "agreements/copy.html",
        copy=persons_copy(found, words()),
        event_id=event_id,
        back=url_for("agreement_records.show", event_id=event_id),
    )


def download(hub: Hub, actor: Actor, *, event_id: UUID, name: str) -> Response:
    """One of the files; another name is not there."""
    made = FILES.get(name)
    if made is None:
        raise NotFound
    media_type, write = made
    answer = Response(write(agreement_record(hub, actor, event_id)), mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _json(content: Content) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _pdf(content: Content, title: str) -> bytes:
    file = io.BytesIO()
    pages = PdfPages(file, title)
    pages.line(title)
    for _, told, lines in fields(content, words()):
        pages.line("")
        pages.line(told)
        for line in lines:
            pages.line(line, indent=2)
    pages.close()
    return file.getvalue()


def _copy_pdf(found: AgreementRecord) -> bytes:
    told = persons_copy(found, words())
    file = io.BytesIO()
    pages = PdfPages(file, told.title, LARGE_PRINT)
    pages.line(told.title, strong=True)
    for line in told.lead:
        pages.line(line)
    for part in told.parts:
        pages.line("")
        pages.line(part.heading, strong=True)
        for line in part.sentences:
            pages.line(line)
        for line in part.points:
            pages.line(f"• {line}", indent=1)
    pages.close()
    return file.getvalue()


FILES: dict[str, tuple[str, Callable[[AgreementRecord], bytes]]] = {
    "copy.pdf": (PDF, _copy_pdf),
    "record.json": (JSON, lambda found: _json(found.record)),
    "receipt.json": (JSON, lambda found: _json(found.receipt)),
    "record.jsonld": (LINKED_DATA, lambda found: _json(linked(found.record))),
    "receipt.jsonld": (LINKED_DATA, lambda found: _json(linked(found.receipt))),
    "record.pdf": (PDF, lambda found: _pdf(found.record, "Consent record")),
    "receipt.pdf": (PDF, lambda found: _pdf(found.receipt, "Consent receipt")),
}
