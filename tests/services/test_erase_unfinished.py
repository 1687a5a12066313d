"""What was begun about a person goes with their erasure as was confirmed, and stays gone."""

from __future__ import annotations

import json
from collections.abc import Collection
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from referral_hub.domain.staging import StagedSource, WaitsBecause
from referral_hub.domain.unfinished import FoundBy, UnfinishedKind
from referral_hub.errors import Conflict, InvalidInput, LogUnavailable, ServiceUnavailable
from referral_hub.services import open_unfinished
from referral_hub.services.drafts import (
    KeptPage,
    finish_draft,
    keep_page,
    load_draft,
    save_draft,
    start_draft,
)
from referral_hub.services.erase_beside import Beside, Chosen
from referral_hub.services.erase_person import (
    ErasedPerson,
    apply_erasures,
    erase_person,
    look_before_erasing,
)
from referral_hub.services.erasure_certificate import certificate, certificate_text
from referral_hub.services.stage import Parties, Staged, stage
from tests.hub_bench import Bench, nhs_number
from tests.services.matters import person_of

PERSON = {
    "first_name": "Zeb",
    "family_name": "QUILLFEATHER",
    "date_of_birth-day": "06",
    "date_of_birth-month": "5",
    "date_of_birth-year": "1944",
}
NUMBERED = {"nhs_number": nhs_number(1), "family_name": "Quill"}
NOBODY = {**PERSON, "family_name": "Somebody-Else"}
DPO = "surgery-dpo"


@pytest.fixture
def person(bench: Bench) -> UUID:
    return person_of(bench, bench.refer().referral_id)


def begun(bench: Bench, person: dict[str, str], by: str = "gp") -> UUID:
    draft = start_draft(bench.hub, bench.staff[by])
    save_draft(bench.hub, bench.staff[by], draft, pages={"person": person})
    return draft


def waits(bench: Bench, person: dict[str, str], *, to: str = "surgery") -> UUID:
    parties = Parties(bench.agencies[to], bench.agencies["library"], StagedSource.CONCERN)
    return stage(
        bench.hub, parties, Staged(uuid4(), WaitsBecause.AGREEMENT_UNCLEAR, {"person": person})
    )


def offered(bench: Bench, person: UUID) -> Beside:
    found = look_before_erasing(bench.hub, bench.staff[DPO], person).beside
    assert found is not None
    return found


def erase(bench: Bench, person: UUID, *, also: Collection[UUID] = ()) -> ErasedPerson:
    found = offered(bench, person)
    ticked = frozenset(str(one.begun.name) for one in found.asked if one.begun.id in also)
    return erase_person(bench.hub, bench.staff[DPO], person, Chosen(found.seen, ticked))


def left(bench: Bench) -> set[UUID]:
    drafts = bench.rows("SELECT id FROM draft")
    return {row["id"] for row in (*drafts, *bench.rows("SELECT id FROM staged_item"))}


def searches(bench: Bench) -> list[dict[str, object]]:
    rows = bench.rows("SELECT entry FROM log_entry WHERE type = 'access' ORDER BY id")
    found = [json.loads(bytes(row["entry"])) for row in rows]
    return [one for one in found if one["details"].get("report") == "unfinished"]


def test_what_was_begun_is_offered_by_reference_after_a_logged_search(
    bench: Bench, person: UUID
) -> None:
    named, numbered = begun(bench, PERSON), begun(bench, NUMBERED)
    begun(bench, NOBODY), begun(bench, PERSON, by="hill-gp")
    waiting, other = waits(bench, PERSON), waits(bench, PERSON, to="hill")
    found = offered(bench, person)
    assert {(one.begun.id, one.begun.by, one.who) for one in found.found} == {
        (named, FoundBy.NAME_AND_BIRTH, "Dr Amara Osei"),
        (numbered, FoundBy.NHS_NUMBER, "Dr Amara Osei"),
        (waiting, FoundBy.NAME_AND_BIRTH, "Mereford Libraries"),
    }
    assert {one.begun.id for one in found.asked} == {named, waiting}
    assert other not in {one.begun.id for one in found.found}
    (entry,) = searches(bench)
    assert [word for word in (str(person), str(named), "QUILL") if word in json.dumps(entry)] == []
    assert [word for word in ("Zeb", "Amara") if word in repr(found)] == []


def test_what_is_certain_goes_and_of_what_has_the_name_only_what_was_ticked(
    bench: Bench, person: UUID
) -> None:
    ticked, twin, numbered = begun(bench, PERSON), begun(bench, PERSON), begun(bench, NUMBERED)
    other, waiting, kept_waiting = begun(bench, NOBODY), waits(bench, PERSON), waits(bench, PERSON)
    page = keep_page(
        bench.hub, bench.staff["gp"], KeptPage(f"/refer/{numbered}/why", (("why", "Fell"),))
    )
    done = erase(bench, person, also=(ticked, waiting))
    assert left(bench) == {twin, other, kept_waiting}
    row = bench.rows("SELECT entry FROM log_entry WHERE id = %s", done.entry_id)[0]
    details = json.loads(bytes(row["entry"]))["details"]
    assert (details["draft"], details["kept"], details["staged"]) == (2, 1, 1)
    assert not [one for one in (ticked, numbered, page, waiting) if str(one) in str(row["entry"])]
    found = certificate(bench.hub, bench.staff[DPO], done.entry_id)
    names = {str(one.id): one.kind for one in found.beside}
    assert names == {
        str(ticked): UnfinishedKind.DRAFT,
        str(numbered): UnfinishedKind.DRAFT,
        str(page): UnfinishedKind.KEPT,
        str(waiting): UnfinishedKind.STAGED,
    }
    assert all(name in certificate_text(found) for name in names)
    assert bench.verify().ok, bench.verify().problems


def test_nothing_is_erased_before_it_was_said_whose_the_ones_with_the_name_are(
    bench: Bench, person: UUID
) -> None:
    officer, hub = bench.staff[DPO], bench.hub
    draft = begun(bench, PERSON)
    seen = offered(bench, person).seen
    for wrong in (Chosen(seen), Chosen(seen, frozenset({f"draft:{uuid4()}"}))):
        with pytest.raises(InvalidInput):
            erase_person(hub, officer, person, wrong)
    begun(bench, PERSON)
    for unseen in (Chosen(), Chosen(seen, frozenset({f"draft:{draft}"}))):
        with pytest.raises(Conflict, match="since you opened"):
            erase_person(hub, officer, person, unseen)
    assert draft in left(bench)
    assert bench.one("SELECT erased_at FROM subject WHERE id = %s", person) is None


def test_a_form_that_its_writer_changes_at_the_same_moment_stops_the_erasure(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begun(bench, NUMBERED)
    seen = offered(bench, person).seen
    search = open_unfinished.find_unfinished

    def then_changed(*given: object) -> object:
        found = search(*given)  # type: ignore[arg-type]  # handed on as it came
        save_draft(bench.hub, bench.staff["gp"], draft, pages={"person": NOBODY})
        return found

    monkeypatch.setattr("referral_hub.services.erase_beside.find_unfinished", then_changed)
    with pytest.raises(Conflict, match="since you opened"):
        erase_person(bench.hub, bench.staff[DPO], person, Chosen(seen))
    assert load_draft(bench.hub, bench.staff["gp"], draft)
    assert bench.one("SELECT erased_at FROM subject WHERE id = %s", person) is None


def test_no_draft_is_opened_where_the_person_cannot_be_erased_or_the_search_is_not_logged(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object) -> None:
        pytest.fail("a search that nothing says was made")

    monkeypatch.setattr("referral_hub.services.erase_beside.find_unfinished", opened)

    def unlogged(*_: object) -> None:
        raise LogUnavailable("no log")

    monkeypatch.setattr("referral_hub.services.erase_beside.ensure_integrated", unlogged)
    with pytest.raises(LogUnavailable):
        look_before_erasing(bench.hub, bench.staff[DPO], person)
    bench.rows("UPDATE task SET state = 'accepted'")
    assert look_before_erasing(bench.hub, bench.staff[DPO], person).beside is None


def test_too_many_are_said_before_anything_is_erased(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_unfinished, "MOST", 0)
    begun(bench, PERSON)
    looked = look_before_erasing(bench.hub, bench.staff[DPO], person)
    assert looked.beside is None
    assert "More than" in str(looked.too_many)
    with pytest.raises(Conflict, match="More than"):
        erase_person(bench.hub, bench.staff[DPO], person)


def test_what_comes_back_with_a_backup_is_erased_again_and_a_sent_form_is_left(
    bench: Bench, person: UUID
) -> None:
    draft, waiting, other = begun(bench, PERSON), waits(bench, PERSON), begun(bench, NOBODY)
    before = {name: bench.table(name) for name in ("draft", "staged_item")}
    erase(bench, person, also=(draft, waiting))
    (line,) = bench.hub.settings.erasure_ledger.read_text().splitlines()
    assert set(json.loads(line)["beside"]) == {f"draft:{draft}", f"staged:{waiting}"}
    assert apply_erasures(bench.hub) == 0
    for name, rows in before.items():
        insert = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s)")
        copies = json.dumps([row["copy"] for row in rows if row["id"] != other])
        bench.rows(insert.format(sql.Identifier(name)).as_string(), copies)
    assert {draft, waiting} <= left(bench)
    assert apply_erasures(bench.hub) == 1
    assert left(bench) == {other}
    assert apply_erasures(bench.hub) == 0
    finish_draft(bench.hub, bench.staff["gp"], draft, referral_id=uuid4())
    assert apply_erasures(bench.hub) == 0
    assert bench.verify().ok, bench.verify().problems


@pytest.mark.parametrize("beside", ['"draft:x"', '["nonsense:1"]', "[1]"], ids=str)
def test_a_line_of_the_ledger_that_names_something_else_is_refused(
    bench: Bench, person: UUID, beside: str
) -> None:
    erase(bench, person)
    ledger = bench.hub.settings.erasure_ledger
    ledger.write_text(ledger.read_text().replace("}", f', "beside": {beside}}}'))
    with pytest.raises(ServiceUnavailable, match="Line 1"):
        apply_erasures(bench.hub)
