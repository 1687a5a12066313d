"""A file of visits: looked through, then imported; each row counts once, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from referral_hub.domain.csv_mapping import AgreedTo
from referral_hub.domain.imports import ImportState
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services import submit_many
from referral_hub.services.file_imports import (
    confirm_import,
    discard_import,
    list_imports,
    read_import,
    returned_rows,
)
from referral_hub.services.import_mapping import save_mapping, view_mapping
from referral_hub.services.receive_file import receive_file
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.run_imports import run_imports
from tests.hub_bench import Bench, nhs_number, only
from tests.importing import (
    COLUMNS,
    SECRETS,
    as_csv,
    import_all,
    library_mapping,
    send,
    set_up,
    visit,
)


def counts(bench: Bench, import_id: UUID) -> dict[str, int]:
    """What a file's rows became, without what nothing became."""
    row = read_import(bench.hub, bench.staff["librarian"], import_id).row
    return {name: count for name, count in row.counts.items() if count}


def looked_through(bench: Bench, data: bytes) -> UUID:
    """Send a file and let it be looked through."""
    import_id = send(bench.hub, bench.staff["librarian"], data)
    run_imports(bench.hub)
    return import_id


MIXED = (
    visit(1),
    visit(2, agreed_to_referral="no"),
    visit(3, agreed_to_referral=""),
    visit(4, first_name="", family_name=""),
    visit(5, need_codes=""),
    visit(6, agreed_to_referral="perhaps"),
    visit(7, date_of_birth="31/02/1940"),
    visit(1),
)


def test_looking_through_says_what_would_happen_and_does_nothing(bench: Bench) -> None:
    set_up(bench)
    import_id = looked_through(bench, as_csv(MIXED))
    view = read_import(bench.hub, bench.staff["librarian"], import_id)
    assert view.row.state == ImportState.CHECKED
    assert view.row.foreseen == {
        "referral": 1, "left_out": 2, "staged": 2, "returned": 2, "repeated": 1,
    }  # fmt: skip
    assert list(view.returned) == [
        (7, "agreed_to_referral", "yes_no"),
        (8, "date_of_birth", "date"),
    ]
    assert bench.table("referral") == bench.table("staged_item") == bench.table("import_row") == []


def test_good_rows_become_referrals_and_the_rest_is_staged_left_out_or_returned(
    bench: Bench,
) -> None:
    set_up(bench)
    import_id = import_all(bench, as_csv(MIXED))
    assert counts(bench, import_id) == {
        "referral": 1, "left_out": 2, "staged": 2, "returned": 2, "repeated": 1,
    }  # fmt: skip
    referral = only(bench.table("referral"))
    assert referral["origin_agency_id"] == bench.agencies["library"]
    assert bench.states() == [("mentors", "routed")]
    assert [row["why"] for row in bench.table("staged_item")] == [
        "person_incomplete",
        "needs_missing",
    ]
    assert [row["line"] for row in bench.table("import_row")] == [2, 5, 6]
    bench.deliver()
    assert bench.states() == [("mentors", "offered")]
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


def test_the_file_lies_nowhere_in_clear_and_is_gone_when_it_was_imported(bench: Bench) -> None:
    set_up(bench)
    import_id = send(bench.hub, bench.staff["librarian"], as_csv(MIXED))
    everything = "".join(str(bench.table(name)) for name in ("import_part", "csv_import"))
    parts = b"".join(bytes(row["sealed"]) for row in bench.table("import_part"))
    assert not [word for word in SECRETS if word in everything or word.encode() in parts]
    run_imports(bench.hub)
    confirm_import(bench.hub, bench.staff["librarian"], import_id)
    run_imports(bench.hub)
    assert {row["part"] for row in bench.table("import_part")} == {"returned"}


def test_the_same_file_is_the_same_import_and_another_mapping_reads_it_anew(bench: Bench) -> None:
    set_up(bench)
    first = import_all(bench, as_csv(MIXED))
    assert send(bench.hub, bench.staff["librarian"], as_csv(MIXED)) == first
    assert [row["state"] for row in bench.table("csv_import")] == ["done", "discarded"]
    set_up(bench, library_mapping(bench, area="MF-NOR"))
    second = import_all(bench, as_csv(MIXED))
    assert second != first
    assert counts(bench, second)["repeated"] == 4
    assert len(bench.table("referral")) == 1


def test_a_row_counts_once_whatever_file_it_comes_in(bench: Bench) -> None:
    set_up(bench)
    import_all(bench, as_csv([visit(1), visit(2)]))
    again = import_all(bench, as_csv([visit(2), visit(3)], delimiter=";"))
    assert counts(bench, again) == {"referral": 1, "repeated": 1}
    assert len(bench.table("referral")) == 3


def test_a_person_who_comes_twice_in_a_file_is_one_person(bench: Bench) -> None:
    set_up(bench)
    number = nhs_number(5)
    import_all(bench, as_csv([visit(n, nhs=number) for n in range(1, 4)]))
    assert len(bench.table("subject")) == 1
    assert len(bench.table("referral")) == 3


def test_without_what_was_agreed_to_no_row_becomes_a_referral(bench: Bench) -> None:
    bare = library_mapping(bench)
    set_up(bench, replace(bare, agreed_to=AgreedTo()))
    import_all(bench, as_csv([visit(1)]))
    assert bench.table("referral") == []
    assert only(bench.table("staged_item"))["why"] == "agreement_unclear"


def test_an_agreement_that_names_nobody_who_could_help_is_held_and_not_lost(bench: Bench) -> None:
    full = library_mapping(bench)
    agreed = replace(full.agreed_to, agencies=frozenset({bench.agencies["time_bank"]}))
    set_up(bench, replace(full, agreed_to=agreed))
    import_id = import_all(bench, as_csv([visit(1)]))
    assert counts(bench, import_id) == {"referral": 1, "held": 1}
    assert [state for _, state in bench.states()] == ["held"]


def test_rows_that_come_back_have_their_cells_and_the_look_is_in_the_log(bench: Bench) -> None:
    set_up(bench)
    import_id = looked_through(bench, as_csv(MIXED))
    rows = list(returned_rows(bench.hub, bench.staff["librarian"], import_id))
    assert rows[0].cells == COLUMNS
    assert [row.line for row in rows] == [0, 7, 8]
    assert rows[1].cells[0] == "T-6"
    assert bench.one("SELECT count(*) FROM log_entry WHERE type = 'view'") == 1


@pytest.mark.parametrize("username", ["gp", "firefighter", "council"])
def test_to_another_agency_a_file_is_not_there(bench: Bench, username: str) -> None:
    set_up(bench)
    import_id = looked_through(bench, as_csv(MIXED))
    actor = bench.staff[username]
    for ask in (read_import, confirm_import, discard_import, returned_rows):
        with pytest.raises(NotFound):
            ask(bench.hub, actor, import_id)
    assert list_imports(bench.hub, actor).rows == []


@pytest.mark.parametrize("username", ["library", "library-admin", "surgery-dpo"])
def test_who_does_not_refer_does_not_import(bench: Bench, username: str) -> None:
    set_up(bench)
    with pytest.raises(Forbidden):
        send(bench.hub, bench.staff[username], as_csv(MIXED))


def test_without_a_mapping_no_file_is_taken(bench: Bench) -> None:
    with pytest.raises(Conflict):
        send(bench.hub, bench.staff["librarian"], as_csv(MIXED))
    assert bench.table("csv_import") == []


def test_an_empty_file_or_one_that_breaks_off_leaves_nothing(bench: Bench) -> None:
    set_up(bench)
    librarian = bench.staff["librarian"]
    with pytest.raises(InvalidInput):
        send(bench.hub, librarian, b"")

    def broken() -> Iterator[bytes]:
        yield as_csv(MIXED)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        receive_file(bench.hub, librarian, broken())
    assert {row["state"] for row in bench.table("csv_import")} == {"discarded"}
    assert bench.table("import_part") == []


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"\n\n", "no_header"),
        (b"\xff\xfea\x00,\x00", "no_text"),
        (b"ticket_no,note\nT-1,x\n", "no_agreed_column"),
        (b"agreed_to_referral,note,NOTE\nyes,x,y\n", "column_twice"),
        ((",".join(f"c{n}" for n in range(120)) + "\n").encode(), "too_many_columns"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_refused_with_the_reason(
    bench: Bench, data: bytes, refusal: str
) -> None:
    set_up(bench)
    import_id = looked_through(bench, data)
    row = read_import(bench.hub, bench.staff["librarian"], import_id).row
    assert (row.state, row.refusal) == ("refused", refusal)
    assert bench.table("import_part") == []


def test_a_file_is_imported_only_after_a_yes_and_can_be_dropped_before(bench: Bench) -> None:
    set_up(bench)
    librarian = bench.staff["librarian"]
    import_id = looked_through(bench, as_csv(MIXED))
    discard_import(bench.hub, librarian, import_id)
    discard_import(bench.hub, librarian, import_id)
    with pytest.raises(Conflict):
        confirm_import(bench.hub, librarian, import_id)
    assert bench.table("import_part") == []
    again = looked_through(bench, as_csv(MIXED))
    assert again != import_id
    confirm_import(bench.hub, librarian, again)
    confirm_import(bench.hub, librarian, again)
    with pytest.raises(Conflict):
        discard_import(bench.hub, librarian, again)
    run_imports(bench.hub)
    confirm_import(bench.hub, librarian, again)
    assert len(bench.table("referral")) == 1


def test_only_an_administrator_says_what_columns_mean_and_versions_are_kept(bench: Bench) -> None:
    assert set_up(bench) == 1
    assert set_up(bench) == 1, "the same mapping is the same version"
    assert set_up(bench, library_mapping(bench, area="MF-HAR")) == 2
    admin = bench.staff["library-admin"]
    with pytest.raises(Conflict):
        save_mapping(bench.hub, admin, library_mapping(bench), over=1)
    with pytest.raises(Forbidden):
        save_mapping(bench.hub, bench.staff["librarian"], library_mapping(bench), over=2)
    assert [row.version for row in view_mapping(bench.hub, admin).versions] == [2, 1]
    assert view_mapping(bench.hub, bench.staff["fire-admin"]).version == 0
    saved = bench.rows("SELECT entry FROM log_entry WHERE type = 'admin'")
    assert len([row for row in saved if b"mapping_saved" in row["entry"]]) == 2


def test_a_row_that_the_hub_cannot_accept_goes_back_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = submit_many.draw_up

    def poisoned(hub: object, actor: object, command: object, **given: object) -> object:
        if getattr(command, "why") == "poison":  # noqa: B009 - a command of any kind
            raise RuntimeError
        return real(hub, actor, command, **given)  # type: ignore[arg-type]  # passed through

    set_up(bench)
    monkeypatch.setattr(submit_many, "draw_up", poisoned)
    import_id = import_all(bench, as_csv([visit(1), visit(2, note="poison"), visit(3)]))
    assert counts(bench, import_id) == {"referral": 2, "returned": 1}
    view = read_import(bench.hub, bench.staff["librarian"], import_id)
    assert list(view.returned) == [(3, "", "not_accepted")]


def test_a_rotation_of_the_root_between_the_steps_changes_nothing(bench: Bench) -> None:
    set_up(bench)
    import_id = looked_through(bench, as_csv(MIXED))
    rotate_keys(bench.hub, fresh_root=True)
    assert {row["key_version"] for row in bench.table("import_part")} == {2}
    confirm_import(bench.hub, bench.staff["librarian"], import_id)
    run_imports(bench.hub)
    assert counts(bench, import_id)["referral"] == 1
