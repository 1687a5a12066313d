"""The hub's own format: what is written is read back, and what is odd is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import DocumentKind, FormatError, ReferralDocument, Sealed, Sender
from adapters.formats.hub_json import LARGEST, HubJson

FORMAT = HubJson()
DOCUMENT = ReferralDocument(
    kind=DocumentKind.OFFER,
    task_id="task-1",
    reference="RH-4KT2",
    sender=Sender("agency-1", "High Street Surgery"),
    recipient_id="agency-2",
    issued_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    log_entry="entry-1",
    obligations=("tell_person",),
    respond_by=datetime(2026, 3, 15, 9, 30, tzinfo=UTC),
    fields={"identity.first_name": "Zoë", "need.needs": ["lifts"]},
)
WITHDRAWAL = replace(DOCUMENT, kind=DocumentKind.WITHDRAWAL, fields={}, respond_by=None)


def members(**changes: Any) -> bytes:
    found = {**json.loads(FORMAT.write(DOCUMENT)), **changes}
    kept = {name: value for name, value in found.items() if value != "absent"}
    return json.dumps(kept).encode()


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(timezones=st.just(timezone(timedelta(hours=1)))).filter(
    lambda moment: 1 < moment.year < 9999
)
fields = st.dictionaries(st.from_regex(r"[a-z_]{1,40}\.[a-z_]{1,40}", fullmatch=True), values)


@given(
    kind=st.sampled_from(DocumentKind),
    texts=st.tuples(*[text] * 7),
    times=st.tuples(moments, st.none() | moments),
    obligations=st.lists(text, max_size=3).map(tuple),
    told=fields.filter(bool),
)
@settings(deadline=None)
def test_every_document_is_read_back_as_it_was_written(
    kind: DocumentKind,
    texts: tuple[str, ...],
    times: tuple[datetime, datetime | None],
    obligations: tuple[str, ...],
    told: dict[str, Any],
) -> None:
    document = ReferralDocument(
        kind=kind,
        task_id=texts[0],
        reference=texts[1],
        sender=Sender(texts[2], texts[3]),
        recipient_id=texts[4],
        issued_at=times[0],
        log_entry=texts[5],
        priority=texts[6],
        obligations=obligations,
        respond_by=times[1],
        fields=told if kind.discloses else {},
    )
    assert FORMAT.read(FORMAT.write(document)) == document


def test_the_written_form_is_the_documented_one() -> None:
    assert json.loads(FORMAT.write(DOCUMENT)) == {
        "schema": "referral-hub/referral/1",
        "kind": "offer",
        "task": "task-1",
        "reference": "RH-4KT2",
        "sender": {"id": "agency-1", "name": "High Street Surgery"},
        "recipient": "agency-2",
        "issued_at": "2026-03-01T09:30:00.000000Z",
        "respond_by": "2026-03-15T09:30:00.000000Z",
        "priority": "routine",
        "purpose": "support",
        "obligations": ["tell_person"],
        "log_entry": "entry-1",
        "fields": {"identity.first_name": "Zoë", "need.needs": ["lifts"]},
    }
    assert "Zoë".encode() in FORMAT.write(DOCUMENT)


@pytest.mark.parametrize(
    ("data", "member"),
    [
        (b"", "document"),
        (b"\xff", "document"),
        (b"[]", "document"),
        (b"7", "document"),
        (b"[" * 60_000, "document"),
        (b'{"schema":"a","schema":"b"}', "document"),
        (b'{"schema":NaN}', "document"),
        (b'{"schema":Infinity}', "document"),
        (b" " * (LARGEST + 1), "document"),
        (b"{}", "schema"),
        (members(schema="referral-hub/referral/2"), "schema"),
        (members(more=1), "unknown member"),
        (members(task="absent"), "task"),
        (members(task=""), "task"),
        (members(task=7), "task"),
        (members(kind="gossip"), "kind"),
        (members(kind=None), "kind"),
        (members(sender="x"), "sender"),
        (members(sender={"id": "a"}), "sender"),
        (members(sender={"id": "a", "name": ""}), "sender"),
        (members(fields=[]), "fields"),
        (members(fields={}), "fields"),
        (members(fields={"first_name": "x"}), "fields"),
        (members(fields={"a.b.c": "x"}), "fields"),
        (members(kind="withdrawal"), "fields"),
        (members(issued_at="yesterday"), "issued_at"),
        (members(issued_at="2026-03-01T09:30:00"), "issued_at"),
        (members(issued_at=1), "issued_at"),
        (members(respond_by=""), "respond_by"),
        (members(obligations="x"), "obligations"),
        (members(obligations=[1]), "obligations"),
    ],
)
def test_what_is_not_a_document_is_refused_naming_the_member(data: bytes, member: str) -> None:
    with pytest.raises(FormatError, match=f"^{member}: "):
        FORMAT.read(data)


def test_a_withdrawal_carries_references_alone() -> None:
    assert FORMAT.read(FORMAT.write(WITHDRAWAL)) == WITHDRAWAL
    with pytest.raises(FormatError, match="nothing else any"):
        replace(WITHDRAWAL, fields={"identity.first_name": "Ann"})
    with pytest.raises(FormatError, match="at least one"):
        replace(DOCUMENT, fields={})


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, float("nan"), float("inf"), object()])
def test_what_json_cannot_say_is_not_written(value: Any) -> None:
    with pytest.raises(FormatError, match="only JSON values"):
        FORMAT.write(replace(DOCUMENT, fields={"context.note": value}))


def test_a_document_over_64_kib_is_not_written() -> None:
    with pytest.raises(FormatError, match="larger than"):
        FORMAT.write(replace(DOCUMENT, fields={"context.note": "x" * LARGEST}))


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 1, 9, 30)  # noqa: DTZ001 - what is to be refused
    for change in ({"issued_at": naive}, {"respond_by": naive}):
        with pytest.raises(FormatError, match="time zone"):
            replace(DOCUMENT, **change)


def test_the_reprs_tell_no_personal_data_and_errors_repeat_no_values() -> None:
    assert repr(DOCUMENT) == "<ReferralDocument offer of task task-1>"
    assert repr(Sealed("e-1", b"secret")) == "<Sealed e-1, 6 bytes>"
    with pytest.raises(FormatError) as refused:
        FORMAT.read(members(issued_at="Winifred"))
    assert "Winifred" not in str(refused.value)
