"""Every operation of the API as a table: what it is for, what goes in, what comes out.

`web.openapi` and the reference page are made from it, and a test holds it against the table of
routes, so that neither can have what the other has not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import Schema

from referral_hub.domain.codes import Scope
from referral_hub.web import (
    api_consents,
    api_referrals,
    api_shapes,
    api_staged,
    api_status,
    api_tasks,
)
from referral_hub.web.api_answers import AcceptedAnswer
from referral_hub.web.forms.api_bodies import (
    AcceptTaskBody,
    AskTaskBody,
    CloseTaskBody,
    ConsentBody,
    DeclineTaskBody,
    NothingBody,
)
from referral_hub.web.forms.api_referral import ReferralBody

_ANY_DAY = date(2000, 1, 1)
_REFERRAL = f"{api_referrals.PATH}/{{referral_id}}"
_TASK = f"{api_tasks.PATH}/{{task_id}}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `scope` None: any token. `query` is the parameter it takes.

    Where `answer` is None, the answer is of one of `kinds` and no JSON of the API.
    """

    method: str
    path: str
    name: str
    summary: str
    answer: type[Schema] | None
    scope: Scope | None
    body: Schema | None = None
    status: int = 200
    query: str | None = None
    keyed: bool = False
    sealed: bool = False
    conditional: bool = False
    conflicts: bool = False
    ids: tuple[str, ...] = field(default=())
    kinds: tuple[str, ...] = ("text/plain",)


def _get(path: str, name: str, summary: str, **more: Any) -> Operation:
    return Operation("get", path, name, summary, **more, conditional=True, ids=_ids(path))


def _answer(action: str, name: str, summary: str, body: Schema) -> Operation:
    path = f"{_TASK}/{action}"
    return Operation(
        "post",
        path,
        name,
        summary,
        api_shapes.TaskStateShape,
        Scope.TASK_ANSWER,
        body,
        conditional=True,
        conflicts=True,
        ids=_ids(path),
    )


def _ids(path: str) -> tuple[str, ...]:
    return tuple(part.strip("{}") for part in path.split("/") if part.startswith("{"))


OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/api/v1/directory", "directory", "Areas, agencies, needs and words that a referral names",
        answer=api_shapes.DirectoryShape, scope=None,
    ),
    Operation(
        "post", api_referrals.PATH, "submitReferral", "Send a referral", AcceptedAnswer,
        Scope.REFERRAL_SUBMIT, ReferralBody(_ANY_DAY), status=202, keyed=True, sealed=True,
        conflicts=True,
    ),
    _get(
        api_referrals.PATH, "listReferrals", "List what your agency sent, newest first",
        answer=api_shapes.ReferralPageShape, scope=Scope.REFERRAL_READ, query="before",
    ),
    _get(
        _REFERRAL, "readReferral", "Read what became of a referral",
        answer=api_shapes.ReferralShape, scope=Scope.REFERRAL_READ,
    ),
    _get(
        f"{_REFERRAL}/receipt", "listReceipts", "List the receipts of a referral",
        answer=api_shapes.ReceiptShape, scope=Scope.RECEIPTS_READ,
    ),
    _get(
        f"{_REFERRAL}/receipt/{{entry_id}}", "readReceipt",
        "Get a receipt that anybody can check (c2sp.org/tlog-proof@v1)",
        answer=None, scope=Scope.RECEIPTS_READ,
    ),
    Operation(
        "post", f"{_REFERRAL}/withdraw", "withdrawReferral",
        "Withdraw the person's agreement to a referral", api_shapes.WithdrawnShape,
        Scope.CONSENT_WRITE, NothingBody(), conditional=True, conflicts=True,
        ids=("referral_id",),
    ),
    _get(
        api_status.EVENTS, "listEvents", "Read what happened since an event, oldest first",
        answer=api_shapes.EventPageShape, scope=Scope.EVENTS_READ, query="since",
    ),
    _get(
        api_staged.STAGED, "listStaged",
        "List what was sent with Prefer: handling=lenient and waits for a person, or waited",
        answer=api_shapes.StagedPageShape, scope=Scope.EVENTS_READ, query="before",
    ),
    Operation(
        "post", api_consents.PATH, "giveConsent", "Record what the person has said since",
        api_shapes.ConsentGivenShape, Scope.CONSENT_WRITE, ConsentBody(_ANY_DAY), status=201,
        keyed=True, conflicts=True,
    ),
    Operation(
        "post", f"{api_consents.PATH}/{{consent_id}}/withdraw", "withdrawConsent",
        "Withdraw what a consent recorded", api_shapes.WithdrawnShape, Scope.CONSENT_WRITE,
        NothingBody(), conflicts=True, ids=("consent_id",),
    ),
    _get(
        api_tasks.PATH, "listTasks", "List what reached your agency, newest first",
        answer=api_shapes.TaskPageShape, scope=Scope.TASK_ANSWER, query="before",
    ),
    _get(
        _TASK, "readTask", "Read one task and what your agency may do",
        answer=api_shapes.OneTaskShape, scope=Scope.TASK_ANSWER,
    ),
    Operation(
        "post", f"{_TASK}/open", "openTask",
        "Open what a referral says: Hub JSON, sealed to your agency's key where it has one",
        None, Scope.TASK_OPEN, NothingBody(), conditional=True, conflicts=True, ids=("task_id",),
        kinds=("application/vnd.referral-hub.referral+json", "application/jose"),
    ),
    _answer("accept", "acceptTask", "Take a task on", AcceptTaskBody()),
    _answer("decline", "declineTask", "Say no, with a reason", DeclineTaskBody()),
    _answer("ask", "askAboutTask", "Ask the sender something", AskTaskBody()),
    _answer("contact", "recordContact", "Record that the person was reached", NothingBody()),
    _answer("close", "closeTask", "Close a task with its outcome", CloseTaskBody()),
)  # fmt: skip
