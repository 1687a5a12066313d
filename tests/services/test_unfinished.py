"""Half-filled forms and what waits about a person are in the answer to their request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral_hub.crypto.keys import Asked, FileKeyService
from referral_hub.crypto.remembering import RememberingKeys
from referral_hub.domain.staging import StagedSource, WaitsBecause
from referral_hub.domain.third_parties import Exemption
from referral_hub.domain.unfinished import FoundBy, UnfinishedKind
from referral_hub.errors import Conflict
from referral_hub.services import open_unfinished
from referral_hub.services.access_review import Looked, given_value, look_at, parts_of, save_review
from referral_hub.services.drafts import KeptPage, discard_draft, keep_page, save_draft, start_draft
from referral_hub.services.stage import Parties, Staged, stage
from referral_hub.services.subject_export import make_export, preview
from tests.hub_bench import Bench, nhs_number
from tests.services.matters import as_it_stands, in_hand, person_of, reviewed
from tests.statements import counting

PERSON = {
    "first_name": "Zeb",
    "family_name": "QUILLFEATHER",
    "date_of_birth-day": "06",
    "date_of_birth-month": "5",
    "date_of_birth-year": "1944",
    "nhs_number": "",
}
NOBODY = {**PERSON, "family_name": "Somebody-Else"}
WHY = "Has fallen twice since the spring"


@pytest.fixture
def person(bench: Bench) -> UUID:
    return person_of(bench, bench.refer().referral_id)


def begun(bench: Bench, pages: dict[str, Any], *, by: str = "gp") -> UUID:
    draft = start_draft(bench.hub, bench.staff[by])
    save_draft(bench.hub, bench.staff[by], draft, pages=pages)
    return draft


def waits(bench: Bench, *, to: str = "surgery", sender: str = "surgery", **person: str) -> UUID:
    parties = Parties(bench.agencies[to], bench.agencies[sender], StagedSource.CONCERN)
    item = Staged(
        uuid4(),
        WaitsBecause.AGREEMENT_UNCLEAR,
        {"person": {**PERSON, **person}, "why": {"why": WHY}},
        {"noticed": "unkempt", "said": "Her neighbour Ann told us"},
    )
    return stage(bench.hub, parties, item)


def looked(bench: Bench, matter: UUID) -> dict[str, Looked]:
    officer = bench.staff["surgery-dpo"]
    _, found, _ = look_at(bench.hub, officer, matter, part=matter)
    return {one.item.key: one for one in found}


def looks(bench: Bench) -> list[dict[str, Any]]:
    rows = bench.rows("SELECT entry FROM log_entry WHERE type = 'view' ORDER BY id")
    entries = [json.loads(bytes(row["entry"])) for row in rows]
    return [one for one in entries if one["details"].get("part") == "unfinished"]


def test_drafts_and_waiting_items_of_the_person_are_found_and_no_others(
    bench: Bench, person: UUID
) -> None:
    mine = begun(bench, {"person": PERSON, "why": {"why": WHY}, "address": {}})
    number = begun(bench, {"person": {"nhs_number": nhs_number(1), "family_name": "Quill"}})
    begun(bench, {"person": NOBODY, "why": {"why": "About somebody else"}})
    begun(bench, {"person": PERSON}, by="hill-gp")
    begun(bench, {})
    ours, theirs = waits(bench), waits(bench, sender="library")
    waits(bench, family_name="Somebody-Else")
    waits(bench, to="hill")
    matter = in_hand(bench, person)
    part = parts_of(bench.hub, bench.staff["surgery-dpo"], matter)[1][-1]
    assert (part.id, part.unfinished, part.items) == (matter, True, 0)
    assert looks(bench) == []
    found = looked(bench, matter)
    assert {key.rpartition("/")[0] for key in found} == {
        f"draft/{mine}/2",
        f"draft/{number}/2",
        f"staged/{ours}",
        f"staged/{theirs}",
    }
    assert {key.rpartition("/")[2] for key in found} == {"person", "why", "beside"}
    assert found[f"draft/{mine}/2/why"].item.value == {"why": WHY}
    assert [one.item.part for one in found.values()] == [matter] * len(found)
    assert found[f"staged/{ours}/beside"].stands.exemption is Exemption.OTHER_PERSON
    assert found[f"staged/{ours}/why"].stands.exemption is None
    assert found[f"staged/{theirs}/why"].stands.exemption is Exemption.OTHER_AGENCY


def test_a_search_and_what_it_found_are_two_looks_before_anything_is_shown(
    bench: Bench, person: UUID
) -> None:
    matter = in_hand(bench, person)
    assert looked(bench, matter) == {}
    assert len(looks(bench)) == 1
    draft = begun(bench, {"person": PERSON})
    looked(bench, matter)
    entries = looks(bench)
    assert len(entries) == 3
    assert all(one["purpose"] == "subject_access" for one in entries)
    assert all(one["details"]["matter"] == str(matter) for one in entries)
    assert "QUILL" not in json.dumps(entries)
    assert ["facts" in one["commitments"] for one in entries] == [False, False, True]
    assert str(draft) not in json.dumps(entries)
    assert bench.verify().ok


def test_a_kept_page_is_found_by_what_was_typed_or_by_what_it_was_a_page_of(
    bench: Bench, person: UUID
) -> None:
    gp = bench.staff["gp"]
    referral = bench.one("SELECT id FROM referral WHERE subject_id = %s", person)
    draft = begun(bench, {"person": PERSON})
    matter = in_hand(bench, person)
    kept = (
        (f"/refer/{draft}/why", (("why", WHY), ("why", "And again"), ("task_note", ""))),
        (f"/referrals/{referral}/agreement?language=en", (("agreed", "yes"),)),
        ("/refer/x/person", tuple(PERSON.items())),
    )
    for path, fields in kept:
        keep_page(bench.hub, gp, KeptPage(path, fields))
        (value,) = (one.item.value for key, one in looked(bench, matter).items() if "kept" in key)
        assert value
    keep_page(bench.hub, gp, KeptPage("/refer/x/person", tuple(NOBODY.items())))
    assert [key for key in looked(bench, matter) if "kept" in key] == []


def test_what_was_begun_is_handed_over_once_it_was_looked_at_and_as_it_stood(
    bench: Bench, person: UUID
) -> None:
    officer, gp = bench.staff["surgery-dpo"], bench.staff["gp"]
    draft = begun(bench, {"person": PERSON, "why": {"why": WHY}})
    waits(bench)
    matter = in_hand(bench, person)
    reviewed(bench, matter)
    given = [given_value(one) for one in preview(bench.hub, officer, matter).given]
    assert {"why": WHY} in given
    assert "Ann" not in json.dumps(given, default=str)
    save_draft(bench.hub, gp, draft, pages={"why": {"why": "Something else"}})
    with pytest.raises(Conflict, match="not been looked at"):
        make_export(bench.hub, officer, matter, "json")
    decisions = as_it_stands(looked(bench, matter).values())
    save_review(bench.hub, officer, matter, part=matter, decisions=decisions)
    assert parts_of(bench.hub, officer, matter)[1][-1].decided > 0
    export = make_export(bench.hub, officer, matter, "json")
    assert {"why": "Something else"} in [given_value(one) for one in export.given]
    discard_draft(bench.hub, gp, draft)
    assert not any("draft" in key for key in looked(bench, matter))


def test_a_search_costs_a_statement_and_a_call_for_each_page_and_nothing_for_each_draft(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referral_hub.store.unfinished.AT_ONCE", 4)
    asked: list[int] = []

    def unwrap_many(self: FileKeyService, asking: Sequence[Asked]) -> list[bytes]:
        asked.append(len(asking))
        return [self.unwrap(*one) for one in asking]

    monkeypatch.setattr(FileKeyService, "unwrap_many", unwrap_many)
    matter = in_hand(bench, person)
    looked(bench, matter)
    costs = []
    for drafts in (0, 4, 8):
        asked.clear()
        with counting(bench.hub.database) as statements:
            assert looked(bench, matter) == {}
        assert sum(asked) == drafts
        assert max(asked) <= 4
        costs.append((len(statements), len(asked)))
        for _ in range(4):
            begun(bench, {"person": NOBODY, "why": {"why": WHY}})
    (first, once), *more = costs
    assert more == [(first + 1, once + 1), (first + 2, once + 2)]


def test_no_key_of_a_draft_that_was_searched_is_remembered(bench: Bench, person: UUID) -> None:
    begun(bench, {"person": PERSON})
    keys = RememberingKeys(bench.hub.keys)
    hub = replace(bench.hub, keys=keys)
    about = open_unfinished.about_person(hub, bench.agencies["surgery"], person)
    known = len(keys._known)
    (found,) = open_unfinished.find_unfinished(hub, about)
    assert (found.kind, found.by) == (UnfinishedKind.DRAFT, FoundBy.NAME_AND_BIRTH)
    assert len(keys._known) == known


def test_what_changed_between_the_search_and_the_reading_is_not_opened(
    bench: Bench, person: UUID
) -> None:
    us, gp = bench.agencies["surgery"], bench.staff["gp"]
    draft = begun(bench, {"person": PERSON})
    found = open_unfinished.find_unfinished(
        bench.hub, open_unfinished.about_person(bench.hub, us, person)
    )
    save_draft(bench.hub, gp, draft, pages={"person": NOBODY})
    with pytest.raises(Conflict, match="changed while"):
        list(open_unfinished.unfinished_items(bench.hub, us, found, part=person))


def test_too_many_are_said_and_never_left_out(
    bench: Bench, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_unfinished, "MOST", 1)
    monkeypatch.setattr("referral_hub.store.unfinished.AT_ONCE", 2)
    matter = in_hand(bench, person)
    for _ in range(3):
        begun(bench, {"person": NOBODY})
    begun(bench, {"person": PERSON})
    assert len(looked(bench, matter)) == 1
    begun(bench, {"person": PERSON})
    with pytest.raises(Conflict, match="More than"):
        looked(bench, matter)
