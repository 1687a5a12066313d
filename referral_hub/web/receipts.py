"""Receipts as files to keep: `receipt-<number>.tlog-proof`."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.receipts import (
    Receipt,
    entry_receipt,
    referral_receipt,
    task_receipt,
)


def of_referral(hub: Hub, actor: Actor, *, referral_id: UUID, entry_id: UUID) -> Response:
    """The sender's, of a decision about their referral or a disclosure from it."""
    return _file(referral_receipt(hub, actor, referral_id, entry_id))


def of_task(hub: Hub, actor: Actor, *, task_id: UUID, entry_id: UUID) -> Response:
    """The recipient's, of what they were given."""
    return _file(task_receipt(hub, actor, task_id, entry_id))


def of_entry(hub: Hub, actor: Actor, entry_id: UUID) -> Response:
    """An officer's, of an entry of their agency."""
    return _file(entry_receipt(hub, actor, entry_id))


def _file(receipt: Receipt) -> Response:
    answer = Response(receipt.data, mimetype="text/plain")
    name = f"receipt-{receipt.index}.tlog-proof"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
