"""What cannot be decided waits, sealed, for its staff, who complete it or turn it down."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from referral_hub.crypto.unseal import open_staged
from referral_hub.domain.staging import StagedRejection, StagedSource, WaitsBecause
from referral_hub.errors import Conflict, CryptoError, Forbidden, NotFound
from referral_hub.services.drafts import finish_draft, load_draft
from referral_hub.services.erase_beside import Chosen
from referral_hub.services.erase_person import erase_person, look_before_erasing
from referral_hub.services.open_staged import (
    complete_staged,
    list_staged,
    look_into,
    read_staged,
    reject_staged,
    require_waiting,
    settle_imported,
    staged_behind,
)
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.stage import Parties, Staged, stage
from referral_hub.services.submit_referral import submit_referral
from referral_hub.store import change
from tests.hub_bench import Bench, nhs_number, only
from tests.staging import BESIDE, PAGES, PERSON, staged

SECRETS = ("Agnes", "Thistlewood", "Sailmaker", "autumn", "T-4471")


def item(bench: Bench, agency: str = "library", **changes: object) -> UUID:
    """Something that waits for an agency."""
    return staged(bench.hub, bench.agencies[agency], **changes)  # type: ignore[arg-type]  # keywords


def outcomes(bench: Bench, purpose: str = "staged") -> list[tuple[str, str]]:
    """(type, outcome) of the log's entries about the staged intake, oldest first."""
    rows = bench.rows("SELECT type, outcome, entry FROM log_entry ORDER BY id")
    return [(r["type"], r["outcome"]) for r in rows if f"{purpose}_intake".encode() in r["entry"]]


def test_it_waits_in_codes_and_ciphertext_alone(bench: Bench) -> None:
    item(bench)
    row = only(bench.table("staged_item"))
    shown = str({**row, "sealed": bytes(row["sealed"]), "copy": None})
    assert not [word for word in SECRETS if word in shown]
    assert (row["state"], row["source"], row["why"]) == ("waiting", "csv", "person_incomplete")
    assert outcomes(bench) == [("access", "staged")]


def test_another_agencys_keys_do_not_open_it(bench: Bench) -> None:
    found = item(bench)
    sealed = bytes(only(bench.table("staged_item"))["sealed"])
    for agency, name in (("council", found), ("library", uuid4())):
        with pytest.raises(CryptoError):
            open_staged(
                bench.hub.keys,
                agency_id=str(bench.agencies[agency]),
                item_id=str(name),
                sealed=sealed,
            )


def test_opening_it_is_in_the_log_before_anything_is_shown(bench: Bench) -> None:
    content = look_into(bench.hub, bench.staff["librarian"], item(bench))
    assert content.pages == PAGES
    assert content.beside == BESIDE
    assert outcomes(bench) == [("access", "staged"), ("view", "opened")]
    assert bench.one("SELECT seq FROM log_entry WHERE type = 'view'") is not None


def test_nothing_is_shown_while_the_log_cannot_be_written(bench: Bench) -> None:
    found = item(bench)
    dumb = replace(bench.hub, integrator=None)
    bench.rows("REVOKE INSERT ON log_entry FROM hub_app")
    try:
        with pytest.raises(Exception, match="permission denied"):
            look_into(dumb, bench.staff["librarian"], found)
    finally:
        bench.rows("GRANT INSERT ON log_entry TO hub_app")


@pytest.mark.parametrize("username", ["gp", "council", "firefighter"])
def test_to_another_agency_it_is_not_there(bench: Bench, username: str) -> None:
    found, actor = item(bench), bench.staff[username]
    for ask in (read_staged, look_into, complete_staged):
        with pytest.raises(NotFound):
            ask(bench.hub, actor, found)
    with pytest.raises(NotFound):
        reject_staged(bench.hub, actor, found, StagedRejection.DUPLICATE)
    assert list_staged(bench.hub, actor).rows == []


@pytest.mark.parametrize("username", ["library", "library-admin", "surgery-dpo"])
def test_a_role_that_does_not_refer_has_no_staged_intake(bench: Bench, username: str) -> None:
    with pytest.raises(Forbidden):
        list_staged(bench.hub, bench.staff[username])


def test_its_sender_in_another_agency_learns_how_it_ended_and_never_what_it_said(
    bench: Bench,
) -> None:
    parcels, council = bench.agencies["parcels"], bench.agencies["council"]
    found = staged(bench.hub, council, sender=parcels, source=StagedSource.CONCERN, line=None)
    reject_staged(bench.hub, bench.staff["council"], found, StagedRejection.NOT_ENOUGH_INFORMATION)
    with bench.hub.database.acting_for(parcels) as connection:
        query = "SELECT state, reason FROM staged_item"
        assert connection.exec_driver_sql(query).all() == [("rejected", "not_enough_information")]
        with pytest.raises(Exception, match="permission denied"):
            connection.exec_driver_sql("SELECT sealed FROM staged_item")


def test_completing_it_fills_a_draft_and_sending_that_settles_it(bench: Bench) -> None:
    librarian, found = bench.staff["librarian"], item(bench)
    draft_id = complete_staged(bench.hub, librarian, found)
    draft = load_draft(bench.hub, librarian, draft_id)
    assert draft["person"] == PERSON
    assert staged_behind(draft) == found
    require_waiting(bench.hub, librarian, found, draft_id)
    sent = submit_referral(bench.hub, librarian, bench.command(draft_id=draft_id))
    settle_imported(bench.hub, librarian, found, referral_id=sent.referral_id)
    settle_imported(bench.hub, librarian, found, referral_id=sent.referral_id)
    row = only(bench.table("staged_item"))
    assert (row["state"], row["referral_id"]) == ("imported", sent.referral_id)
    assert (row["sealed"], row["indexes"], row["key_version"]) == (None, [], None)
    assert [outcome for _, outcome in outcomes(bench)] == ["staged", "opened", "imported"]
    assert bench.verify().ok


def test_a_machine_that_stopped_before_settling_is_made_good_by_the_next_look(
    bench: Bench,
) -> None:
    librarian, found = bench.staff["librarian"], item(bench)
    draft_id = complete_staged(bench.hub, librarian, found)
    sent = submit_referral(bench.hub, librarian, bench.command(draft_id=draft_id))
    finish_draft(bench.hub, librarian, draft_id, referral_id=sent.referral_id)
    view = read_staged(bench.hub, librarian, found)
    assert not view.waits
    assert view.row.referral_id == sent.referral_id
    with pytest.raises(Conflict):
        reject_staged(bench.hub, librarian, found, StagedRejection.DUPLICATE)


def test_of_two_drafts_of_one_item_only_the_later_can_be_sent(bench: Bench) -> None:
    librarian, found = bench.staff["librarian"], item(bench)
    first = complete_staged(bench.hub, librarian, found)
    second = complete_staged(bench.hub, librarian, found)
    with pytest.raises(Conflict):
        require_waiting(bench.hub, librarian, found, first)
    require_waiting(bench.hub, librarian, found, second)


def test_turning_it_down_forgets_what_it_said_and_says_why_once(bench: Bench) -> None:
    librarian, found = bench.staff["librarian"], item(bench)
    reject_staged(bench.hub, librarian, found, StagedRejection.PERSON_SAID_NO)
    row = only(bench.table("staged_item"))
    assert (row["state"], row["reason"], row["sealed"]) == ("rejected", "person_said_no", None)
    for again in (
        lambda: reject_staged(bench.hub, librarian, found, StagedRejection.DUPLICATE),
        lambda: look_into(bench.hub, librarian, found),
        lambda: complete_staged(bench.hub, librarian, found),
    ):
        with pytest.raises(Conflict):
            again()
    assert [outcome for _, outcome in outcomes(bench)] == ["staged", "rejected"]


def test_a_hint_names_the_agencys_own_people_and_items_and_no_other_agencys(bench: Bench) -> None:
    number = nhs_number(77)
    known = {**PAGES, "person": {**PERSON, "nhs_number": number}}
    bench.refer(by="librarian", person={"nhs_number": number})
    bench.refer(by="gp", person={"nhs_number": number})
    first, second = item(bench, pages=known), item(bench)
    item(bench, "fire")
    view = read_staged(bench.hub, bench.staff["librarian"], first)
    ours = bench.one(
        "SELECT reference FROM referral WHERE origin_agency_id = %s", bench.agencies["library"]
    )
    assert view.references == (ours,)
    assert view.waiting_alike == 1
    assert read_staged(bench.hub, bench.staff["librarian"], second).references == ()
    indexes = {bytes(one) for row in bench.table("staged_item") for one in row["indexes"]}
    assert len(indexes) == 3, "the fire service's index of the same person is another"


def test_staging_the_same_thing_twice_stores_it_once(bench: Bench) -> None:
    library = bench.agencies["library"]
    parties = Parties(library, library, StagedSource.API)
    one = Staged(uuid4(), WaitsBecause.NO_CONSENT, PAGES)
    stage(bench.hub, parties, one)
    with pytest.raises(change.AlreadyThere):
        stage(bench.hub, parties, one)
    assert len(bench.table("staged_item")) == 1
    assert outcomes(bench) == [("access", "staged")]


def test_erasing_a_person_takes_what_waits_about_them_along(bench: Bench) -> None:
    number = nhs_number(78)
    bench.refer(by="gp", person={"nhs_number": number})
    item(bench, "surgery", pages={**PAGES, "person": {**PERSON, "nhs_number": number}})
    item(bench, "surgery")
    subject = bench.one("SELECT id FROM subject WHERE nhs_index IS NOT NULL")
    officer = bench.staff["surgery-dpo"]
    beside = look_before_erasing(bench.hub, officer, subject).beside
    assert beside is not None
    erase_person(bench.hub, officer, subject, Chosen(beside.seen))
    assert len(bench.table("staged_item")) == 1


def test_a_rotation_of_the_root_keeps_it_open_to_its_agency(bench: Bench) -> None:
    found = item(bench)
    rotate_keys(bench.hub, fresh_root=True)
    assert only(bench.table("staged_item"))["key_version"] == 2
    assert look_into(bench.hub, bench.staff["librarian"], found).pages == PAGES
    assert PAGES["person"]["first_name"] == "Agnes"
