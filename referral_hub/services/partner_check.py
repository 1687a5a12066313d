"""Does a partner's endpoint do what the hub relies on? Messages are sent and the answers judged.

Each case is a message and what must become of it: taken (2xx), taken as the same one again (2xx
with the same receipt), or refused (4xx). A 5xx, a redirect, silence, and taking what must be
refused are faults. The person in the messages is invented and the signing key is the check's own,
so only a test endpoint trusts it.

What it cannot see: whether the partner kept the message, and acted once. The receipt is the sign.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx

from adapters.contract import DocumentKind, ReferralDocument, Sender
from adapters.formats.hub_json import SCHEMA, HubJson
from referral_hub.clock import monotonic
from referral_hub.crypto.jwks import HubSigner
from referral_hub.crypto.partner import MessageHead, seal_for_partner

PATIENCE = 10.0
AT_ONCE = 8
_TOO_LARGE = 200 * 1024
_SEALED = "application/jose"
_RECEIPT = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


class Wanted(StrEnum):
    """What must become of a message."""

    TAKEN = "taken"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, repr=False)
class Partnership:
    """Whom the check speaks as and to. `recipient_jwk` is the endpoint's public encryption key."""

    url: str
    agency_id: str
    issuer: str
    recipient_jwk: Mapping[str, Any]
    signer: HubSigner
    stranger: HubSigner
    nobodys_jwk: Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """One request as it goes out."""

    body: bytes
    effect_id: str
    content_type: str = _SEALED
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Finding:
    """How a case went. `seen` is what was answered, `advice` what to do where it is not `ok`."""

    case: str
    ok: bool
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None
    receipt: str | None
    seen: str


@dataclass
class _Story:
    """What the cases share: the one offer that is sent again and again."""

    partnership: Partnership
    at: datetime
    task_id: str = field(default_factory=lambda: str(uuid4()))
    effect_id: str = field(default_factory=lambda: str(uuid4()))
    receipt: str | None = None

    def document(self, kind: DocumentKind = DocumentKind.OFFER) -> ReferralDocument:
        """An invented referral, or what became of it."""
        told: dict[str, Any] = {
            "identity.first_name": "Test",
            "contact.area": "Nowhere",
            "need.needs": ["garden_home_jobs"],
            "need.task_note": "This is a test. Nobody is waiting.",
        }
        if kind is DocumentKind.ACCEPTANCE:
            told |= {"identity.family_name": "Person", "contact.phone": "07700 900999"}
        return ReferralDocument(
            kind=kind,
            task_id=self.task_id,
            reference="RH-TEST",
            sender=Sender(str(uuid4()), "Partner check"),
            recipient_id=self.partnership.agency_id,
            issued_at=self.at,
            log_entry=str(uuid4()),
            respond_by=self.at + timedelta(days=14),
            fields=told if kind.discloses else {},
        )

    def sending(self, document: ReferralDocument | bytes | None = None, **changed: Any) -> Sending:
        """A message, signed and sealed; keyword arguments change its head, signer or key."""
        partnership = self.partnership
        effect_id = changed.pop("effect_id", None) or str(uuid4())
        signer = changed.pop("signer", partnership.signer)
        key = changed.pop("recipient_jwk", partnership.recipient_jwk)
        written = (
            HubJson().write(document or self.document())
            if not isinstance(document, bytes)
            else document
        )
        head = MessageHead(
            issuer=partnership.issuer,
            audience=partnership.agency_id,
            message_id=effect_id,
            issued_at=self.at,
            content_type=HubJson.content_type,
        )
        sealed = seal_for_partner(
            written, recipient_jwk=dict(key), hub_signer=signer, head=replace(head, **changed)
        )
        return Sending(sealed, effect_id)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, what must become of it, and what to do where it did not."""

    name: str
    wanted: Wanted
    make: Callable[[_Story], Sending]
    advice: str


def check_partner(partnership: Partnership, *, at: datetime) -> Iterator[Finding]:
    """Send every case in order and say how each went; the endpoint's data is the only state.

    Where nobody answers the first one, that is the whole report.
    """
    story = _Story(partnership, at)
    limits = httpx.Limits(max_connections=AT_ONCE)
    with httpx.Client(timeout=PATIENCE, follow_redirects=False, limits=limits) as http:
        for case in CASES:
            answer = _send(http, partnership.url, case.make(story))
            if case.wanted is Wanted.TAKEN and case is CASES[0]:
                story.receipt = answer.receipt
                if answer.status is None:
                    yield Finding(case.name, False, answer.seen, _NOBODY)
                    return
            yield _judged(case, answer, story.receipt)
        yield _all_at_once(http, story)
        yield _judged(STILL_THERE, _send(http, partnership.url, STILL_THERE.make(story)), None)


def _send(http: httpx.Client, url: str, sending: Sending) -> _Answer:
    begun = monotonic()
    headers = {"Content-Type": sending.content_type, "Idempotency-Key": sending.effect_id}
    try:
        found = http.request(sending.method, url, content=sending.body, headers=headers)
    except httpx.HTTPError as error:
        return _Answer(None, None, f"no answer ({type(error).__name__})")
    took = monotonic() - begun
    return _Answer(found.status_code, _receipt(found), f"{found.status_code} in {took:.2f} s")


def _receipt(found: httpx.Response) -> str | None:
    try:
        said = found.json()
    except ValueError:
        return None
    value = said.get("receipt") if isinstance(said, dict) else None
    return value if isinstance(value, str) and _RECEIPT.fullmatch(value) else None


def _judged(case: Case, answer: _Answer, receipt: str | None) -> Finding:
    taken = answer.status is not None and 200 <= answer.status < 300
    refused = answer.status is not None and 400 <= answer.status < 500
    ok = refused if case.wanted is Wanted.REFUSED else taken
    if case.wanted is Wanted.SAME and receipt is not None:
        ok = ok and answer.receipt == receipt
    if case.name == _TOO_LARGE_CASE and answer.status is None:
        ok = True  # hanging up on a body that is too large is an answer
    return Finding(case.name, ok, answer.seen, "" if ok else case.advice)


def _all_at_once(http: httpx.Client, story: _Story) -> Finding:
    """The hub's workers may send one message twice at the same moment."""
    sendings = [story.sending(effect_id=story.effect_id) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: _send(http, story.partnership.url, one), sendings))
    receipts = {answer.receipt for answer in answers}
    good = all(a.status is not None and 200 <= a.status < 300 for a in answers)
    seen = f"{sum(a.status is not None and a.status < 300 for a in answers)} of {AT_ONCE} taken"
    return Finding(
        "the same message eight times at once is one referral",
        good and len(receipts) == 1,
        f"{seen}, {len(receipts)} receipt(s)",
        "" if good and len(receipts) == 1 else "Store the Idempotency-Key with a unique index.",
    )


def _tampered(story: _Story) -> Sending:
    whole = story.sending()
    place = len(whole.body) // 2
    changed = b"B" if whole.body[place : place + 1] == b"A" else b"A"
    return replace(whole, body=whole.body[:place] + changed + whole.body[place + 1 :])


def _other_schema(story: _Story) -> bytes:
    return HubJson().write(story.document()).replace(SCHEMA.encode(), b"referral-hub/referral/99")


def _told(kind: DocumentKind) -> Case:
    return Case(
        f"a message of kind {kind.value} is taken",
        Wanted.TAKEN,
        lambda story: story.sending(story.document(kind)),
        "Take every kind of message, also those without fields, and acknowledge it later.",
    )


_TOO_LARGE_CASE = "a body of 200 KiB is refused"
_NOBODY = "Nobody answers at this address: start your endpoint, or check host, port and path."
_DUPLICATE = "Answer 2xx with the receipt of the first time: the hub sends again when in doubt."
_SEAL = "Open with your own key only; accept ECDH-ES+A256KW with A256GCM and nothing else."
_SIGNED = "Verify the signature with the hub's keys that you were given, and iss, aud, iat and jti."


def _cases() -> Iterable[Case]:
    wanted, now = Wanted, DocumentKind
    yield Case(
        "a referral is taken", wanted.TAKEN,
        lambda s: s.sending(effect_id=s.effect_id),
        'Answer 2xx with {"receipt": "…"} once the message is on disk.',
    )  # fmt: skip
    yield Case(
        "the same message again is the same referral", wanted.SAME,
        lambda s: s.sending(effect_id=s.effect_id), _DUPLICATE,
    )  # fmt: skip
    for kind in now:
        if kind is not now.OFFER:
            yield _told(kind)
    refused: tuple[tuple[str, Callable[[_Story], Sending], str], ...] = (
        ("a stranger's signature", lambda s: s.sending(signer=s.partnership.stranger), _SIGNED),
        ("a message to another agency", lambda s: s.sending(audience=str(uuid4())), _SIGNED),
        ("a message of another hub",
         lambda s: s.sending(issuer="https://other-hub.example"), _SIGNED),
        ("a message two days old",
         lambda s: s.sending(issued_at=s.at - timedelta(days=2)), _SIGNED),
        ("a message from tomorrow",
         lambda s: s.sending(issued_at=s.at + timedelta(days=1)), _SIGNED),
        ("an Idempotency-Key that was not signed",
         lambda s: replace(s.sending(), effect_id=str(uuid4())),
         "Compare the header with jti: otherwise a replay is a new referral."),
        ("a changed ciphertext", _tampered, _SEAL),
        ("a message sealed to another key",
         lambda s: s.sending(recipient_jwk=s.partnership.nobodys_jwk), _SEAL),
        ("a message that is not sealed",
         lambda s: Sending(HubJson().write(s.document()), str(uuid4())), _SEAL),
        ("plain JSON", lambda _: Sending(b"{}", str(uuid4()), "application/json"),
         "Answer 415 to everything but application/jose."),
        ("a schema that does not exist yet", lambda s: s.sending(_other_schema(s)),
         "Refuse a schema number that you do not know instead of guessing."),
        ("no body", lambda _: Sending(b"", str(uuid4())), "Answer 400 to an empty body."),
        ("a GET", lambda s: replace(s.sending(), body=b"", method="GET"), "Answer 404 or 405."),
    )  # fmt: skip
    for name, make, advice in refused:
        yield Case(f"{name} is refused", wanted.REFUSED, make, advice)
    yield Case(
        _TOO_LARGE_CASE, wanted.REFUSED,
        lambda _: Sending(secrets.token_bytes(_TOO_LARGE), str(uuid4())),
        "Limit the size of a body (64 KiB of document are at most 128 KiB sealed).",
    )  # fmt: skip


CASES: tuple[Case, ...] = tuple(_cases())
STILL_THERE = Case(
    "after all that a referral is still taken",
    Wanted.TAKEN,
    lambda s: s.sending(),
    "Something of the above stopped the endpoint.",
)
