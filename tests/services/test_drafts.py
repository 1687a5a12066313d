"""Half-filled forms: sealed for one user, lost between no windows, gone once they are sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import CryptoError, Forbidden, NotFound
from referral_hub.services import drafts
from referral_hub.services.drafts import KeptPage
from tests.hub_bench import Bench

CANARY = "Zephyrine Marigold"
PAGE = {"first_name": CANARY}


def _sealed(bench: Bench) -> list[bytes]:
    return [bytes(row["sealed_form"]) for row in bench.rows("SELECT sealed_form FROM draft")]


def test_a_draft_comes_back_as_it_was_saved(bench: Bench) -> None:
    gp = bench.staff["gp"]
    draft = drafts.start_draft(bench.hub, gp)
    odd = {"needs": ["lonely"], "why": "“Ω” \u0000 \U0001f600\nline"}
    drafts.save_draft(bench.hub, gp, draft, pages={"person": PAGE, "why": odd})
    assert drafts.load_draft(bench.hub, gp, draft) == {"person": PAGE, "why": odd}


def test_a_draft_is_nowhere_in_clear(bench: Bench) -> None:
    gp = bench.staff["gp"]
    draft = drafts.start_draft(bench.hub, gp)
    drafts.save_draft(bench.hub, gp, draft, pages={"person": PAGE})
    assert all(CANARY.encode() not in sealed for sealed in _sealed(bench))


@pytest.mark.parametrize("somebody", ["nurse", "hill-gp", "council", "surgery-admin"])
def test_nobody_else_finds_changes_or_deletes_a_draft(bench: Bench, somebody: str) -> None:
    gp, other = bench.staff["gp"], bench.staff[somebody]
    draft = drafts.start_draft(bench.hub, gp)
    with pytest.raises(NotFound):
        drafts.load_draft(bench.hub, other, draft)
    with pytest.raises(NotFound):
        drafts.save_draft(bench.hub, other, draft, pages={"person": PAGE})
    drafts.discard_draft(bench.hub, other, draft)
    assert drafts.latest_draft(bench.hub, other) is None
    assert drafts.load_draft(bench.hub, gp, draft) == {}


def test_a_sealed_form_moved_to_another_user_does_not_open(bench: Bench) -> None:
    gp, nurse = bench.staff["gp"], bench.staff["nurse"]
    draft = drafts.start_draft(bench.hub, gp)
    bench.rows("UPDATE draft SET user_id = %s WHERE id = %s", nurse.user_id, draft)
    with pytest.raises(CryptoError):
        drafts.load_draft(bench.hub, nurse, draft)


def test_a_role_that_does_not_refer_starts_no_draft(bench: Bench) -> None:
    for username in ("library", "mentors", "surgery-dpo"):
        with pytest.raises(Forbidden):
            drafts.start_draft(bench.hub, bench.staff[username])


def test_two_windows_on_one_draft_lose_nothing(bench: Bench) -> None:
    gp = bench.staff["gp"]
    draft = drafts.start_draft(bench.hub, gp)
    names = [f"page-{number}" for number in range(6)]
    together = Barrier(len(names))

    def save(name: str) -> None:
        together.wait()
        drafts.save_draft(bench.hub, gp, draft, pages={name: {"value": name}})

    windows = [Thread(target=save, args=(name,)) for name in names]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert set(drafts.load_draft(bench.hub, gp, draft)) == set(names)


def test_the_latest_draft_is_the_one_touched_last_and_never_a_kept_page(bench: Bench) -> None:
    gp = bench.staff["gp"]
    assert drafts.latest_draft(bench.hub, gp) is None
    first, second = (drafts.start_draft(bench.hub, gp) for _ in range(2))
    assert drafts.latest_draft(bench.hub, gp) == second
    drafts.save_draft(bench.hub, gp, first, pages={})
    drafts.keep_page(bench.hub, gp, KeptPage("/refer", ()))
    assert drafts.latest_draft(bench.hub, gp) == first


def test_a_draft_that_was_sent_is_empty_and_known_by_what_it_became(bench: Bench) -> None:
    gp, referral = bench.staff["gp"], uuid4()
    draft = drafts.start_draft(bench.hub, gp)
    drafts.save_draft(bench.hub, gp, draft, pages={"person": PAGE})

    drafts.finish_draft(bench.hub, gp, draft, referral_id=referral)

    with pytest.raises(NotFound):
        drafts.load_draft(bench.hub, gp, draft)
    assert drafts.latest_draft(bench.hub, gp) is None
    assert drafts.sent_as(bench.hub, gp, draft) == referral
    with pytest.raises(NotFound):
        drafts.sent_as(bench.hub, bench.staff["nurse"], draft)


def test_a_draft_finished_by_two_presses_at_once_is_finished_once(bench: Bench) -> None:
    gp, referral = bench.staff["gp"], uuid4()
    draft = drafts.start_draft(bench.hub, gp)
    together = Barrier(4)

    def finish() -> None:
        together.wait()
        drafts.finish_draft(bench.hub, gp, draft, referral_id=referral)

    with ThreadPoolExecutor(4) as pool:
        for press in [pool.submit(finish) for _ in range(4)]:
            press.result()
    assert drafts.sent_as(bench.hub, gp, draft) == referral
    assert len(_sealed(bench)) == 1


def test_a_kept_page_keeps_its_fields_in_order_and_replaces_the_last(bench: Bench) -> None:
    gp = bench.staff["gp"]
    fields = (("needs", "lonely"), ("needs", "lifts"), ("why", CANARY))
    first = drafts.keep_page(bench.hub, gp, KeptPage("/refer/x", fields))
    second = drafts.keep_page(bench.hub, gp, KeptPage("/refer/y", fields))
    with pytest.raises(NotFound):
        drafts.kept_page(bench.hub, gp, first)
    assert drafts.kept_page(bench.hub, gp, second) == KeptPage("/refer/y", fields)
    with pytest.raises(NotFound):
        drafts.load_draft(bench.hub, gp, second)


def test_an_unknown_draft_is_not_found_and_deleting_it_is_harmless(bench: Bench) -> None:
    gp, never = bench.staff["gp"], new_id(bench.clock())
    with pytest.raises(NotFound):
        drafts.load_draft(bench.hub, gp, never)
    drafts.discard_draft(bench.hub, gp, never)


def test_nothing_of_a_kept_page_shows_in_its_repr() -> None:
    assert CANARY not in repr(KeptPage("/refer", (("why", CANARY),)))


def test_an_actor_of_another_agency_with_the_same_user_finds_nothing(bench: Bench) -> None:
    gp = bench.staff["gp"]
    draft = drafts.start_draft(bench.hub, gp)
    elsewhere: Actor = replace(gp, agency_id=bench.agencies["hill"])
    with pytest.raises(NotFound):
        drafts.load_draft(bench.hub, elsewhere, draft)
    assert isinstance(draft, UUID)
    assert bench.clock() - bench.one("SELECT updated_at FROM draft") < timedelta(minutes=1)
