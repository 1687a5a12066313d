"""A sender gives the patient a code: once shown, only its digest kept, where it is safe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from consent.model import DataClass, EventState
from consent.outcome import Obligation
from referral_hub.domain.codes import ContactMethod
from referral_hub.domain.person_codes import NoCode
from referral_hub.errors import Conflict, NotFound
from referral_hub.services.erase_person import erase_person
from referral_hub.services.person_codes import code_standing, end_code, give_code, is_code
from referral_hub.services.record_death import record_death
from referral_hub.services.release import open_task
from referral_hub.services.withdraw import withdraw_agreement
from tests import people
from tests.hub_bench import Bench, Row


def _codes(bench: Bench, referral_id: UUID) -> list[Row]:
    return bench.rows(
        "SELECT * FROM person_code WHERE referral_id = %s ORDER BY made_at", referral_id
    )


def _why_none(bench: Bench, referral_id: UUID) -> NoCode | None:
    return code_standing(bench.hub, bench.staff["gp"], referral_id).why_none


def _never(bench: Bench, *never: ContactMethod) -> dict[str, Any]:
    contact = bench.command().contact
    return {"contact": replace(contact, preferred=frozenset(), never=frozenset(never))}


def test_a_code_is_kept_as_a_digest_and_a_new_one_ends_it(bench: Bench) -> None:
    sent = bench.refer(to=("mentors",))
    first = give_code(bench.hub, bench.staff["gp"], sent.referral_id)
    second = give_code(bench.hub, bench.staff["nurse"], sent.referral_id)

    assert first.reference == sent.reference
    assert first.code != second.code
    old, new = _codes(bench, sent.referral_id)
    assert old["ended_at"] is not None
    assert new["ended_at"] is None
    assert is_code(bench.hub, new["id"], f" {second.code.lower()} ", new["code_digest"])
    assert not is_code(bench.hub, new["id"], first.code, new["code_digest"])
    assert not is_code(bench.hub, old["id"], second.code, old["code_digest"])
    everything = repr([bench.table(name) for name in ("person_code", "log_entry", "log_opening")])
    for given in (first, second):
        assert given.code not in everything
        assert given.code not in repr(given)
    logged = [row["outcome"] for row in bench.table("log_entry") if row["type"] == "access"]
    assert logged == ["code_given", "code_given"]
    assert bench.verify().ok


def test_a_code_can_be_ended_and_the_agreement_stays(bench: Bench) -> None:
    sent, gp = bench.refer(to=("mentors",)), bench.staff["gp"]
    give_code(bench.hub, gp, sent.referral_id)
    for _ in range(2):
        end_code(bench.hub, gp, sent.referral_id)

    assert code_standing(bench.hub, gp, sent.referral_id).made_at is None
    assert [row["state"] for row in bench.table("consent_event")] == ["given"]
    logged = [row["outcome"] for row in bench.table("log_entry") if row["type"] == "access"]
    assert logged == ["code_given", "code_ended"]


def test_whoever_sent_gives_the_code_and_nobody_else(bench: Bench) -> None:
    sent = bench.refer(to=("mentors",))
    bench.deliver()
    for username in ("hill-gp", "council"):
        for ask in (code_standing, give_code, end_code):
            with pytest.raises(NotFound):
                ask(bench.hub, bench.staff[username], sent.referral_id)


def test_where_no_code_may_be_none_is_made_and_the_reason_is_told(bench: Bench) -> None:
    concern = people.raise_concern(bench)
    said_no = bench.refer(agreement=bench.agreed(state=EventState.REFUSED))
    unsafe = bench.refer(to=("mentors",), **_never(bench, *ContactMethod))
    careful = bench.refer(
        to=("mentors",),
        **_never(bench, *(way for way in ContactMethod if way is not ContactMethod.POST)),
    )

    expected = {
        concern.referral_id: NoCode.CONCERN,
        said_no.referral_id: NoCode.NO_AGREEMENT,
        unsafe.referral_id: NoCode.UNSAFE,
        careful.referral_id: None,
    }
    for referral_id, reason in expected.items():
        assert _why_none(bench, referral_id) is reason
        if reason is not None:
            with pytest.raises(Conflict):
                give_code(bench.hub, bench.staff["gp"], referral_id)


def test_a_person_whom_it_is_not_safe_to_contact_is_reached_through_the_sender(
    bench: Bench,
) -> None:
    person = bench.command().person
    earlier = bench.refer(to=("mentors",), person={"nhs_number": person.nhs_number})
    assert _why_none(bench, earlier.referral_id) is None
    bench.refer(
        to=("mentors",), person={"nhs_number": person.nhs_number}, **_never(bench, *ContactMethod)
    )
    bench.deliver()

    assert _why_none(bench, earlier.referral_id) is NoCode.UNSAFE
    *_, task = bench.tasks()
    opened = open_task(bench.hub, bench.staff["mentors"], task["id"])
    assert Obligation.CONTACT_THROUGH_SENDER in opened.obligations
    assert any(name.startswith(DataClass.CONTACT.value) for name in opened.fields)


def test_after_a_death_or_an_erasure_there_is_none(bench: Bench) -> None:
    gp, officer = bench.staff["gp"], bench.staff["surgery-dpo"]
    sent = bench.refer(to=("mentors",))
    give_code(bench.hub, gp, sent.referral_id)
    record_death(bench.hub, gp, sent.referral_id, died=True)
    assert _why_none(bench, sent.referral_id) is NoCode.DIED
    record_death(bench.hub, gp, sent.referral_id, died=False)
    assert _why_none(bench, sent.referral_id) is None

    withdraw_agreement(bench.hub, gp, sent.referral_id)
    assert _why_none(bench, sent.referral_id) is None
    subject = bench.one("SELECT subject_id FROM referral WHERE id = %s", sent.referral_id)
    erase_person(bench.hub, officer, subject)
    assert _codes(bench, sent.referral_id) == []
    assert _why_none(bench, sent.referral_id) is NoCode.ERASED


def test_the_code_is_for_whoever_agreed(bench: Bench) -> None:
    sent = bench.refer(agreement=people.by_an_attorney(bench))
    given = give_code(bench.hub, bench.staff["gp"], sent.referral_id)

    assert given.given_to == "attorney"
    assert [row["given_by"] for row in _codes(bench, sent.referral_id)] == ["attorney"]
