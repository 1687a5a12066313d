"""The bundle lists every key that was wrapped, and a key past the log shows without the hub."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.verify import Report, verify_bundle
from referral_hub.services.audit_filters import Filters
from referral_hub.services.evidence_bundle import write_bundle
from tests.hub_bench import Bench


def taken(bench: Bench, folder: Path, by: str, filters: Filters | None = None) -> Report:
    file = io.BytesIO()
    write_bundle(bench.hub, bench.staff[by], filters or Filters(), file)
    path = folder / f"{by}.zip"
    path.write_bytes(file.getvalue())
    return verify_bundle(path, log_keys=[bench.hub.log_vkey])


@pytest.fixture
def delivered(bench: Bench) -> Bench:
    for _ in range(3):
        bench.refer()
    bench.deliver()
    return bench


def handed_out(bench: Bench) -> int:
    return int(bench.one("SELECT count(*) FROM release"))


def test_the_sender_s_bundle_lists_every_key_beside_its_own_entry(
    delivered: Bench, tmp_path: Path
) -> None:
    assert handed_out(delivered) > 1
    kept = taken(delivered, tmp_path, "surgery-dpo").kept
    assert (kept.keys, kept.unused) == (handed_out(delivered), 0)
    ours = delivered.one(
        "SELECT count(*) FROM release r JOIN agency a ON a.id = r.recipient_agency_id"
        " WHERE a.id = %s",
        delivered.staff["council-dpo"].agency_id,
    )
    assert taken(delivered, tmp_path, "council-dpo").kept.keys == ours


def test_an_erased_person_s_keys_are_gone_and_their_entries_still_stand_for_them(
    delivered: Bench, tmp_path: Path
) -> None:
    delivered.rows("UPDATE release SET wrapped_keys = NULL, key_version = NULL")
    assert taken(delivered, tmp_path, "surgery-dpo").kept.keys == handed_out(delivered)


def test_a_search_lists_the_keys_of_what_it_found(delivered: Bench, tmp_path: Path) -> None:
    kept = taken(delivered, tmp_path, "surgery-dpo", Filters(type="decision")).kept
    assert (kept.keys, kept.unused) == (0, 0)


@pytest.mark.parametrize("searched", [Filters(), Filters(type="decision")])
def test_a_key_that_was_wrapped_past_the_log_is_found_by_the_officer_alone(
    delivered: Bench, tmp_path: Path, searched: Filters
) -> None:
    delivered.rows(
        "UPDATE release SET entry_id = (SELECT id FROM log_entry WHERE type = 'decision'"
        " AND sender_agency_id = release.origin_agency_id LIMIT 1)"
        " WHERE id = (SELECT id FROM release ORDER BY id LIMIT 1)"
    )
    with pytest.raises(BundleError) as caught:
        taken(delivered, tmp_path, "surgery-dpo", searched)
    assert caught.value.kind is Failure.KEY_WITHOUT_ENTRY


def test_a_key_wrapped_for_somebody_else_than_its_entry_says_is_found(
    delivered: Bench, tmp_path: Path
) -> None:
    delivered.rows(
        "UPDATE release SET recipient_agency_id = %s"
        " WHERE id = (SELECT id FROM release ORDER BY id LIMIT 1)",
        delivered.staff["hill-dpo"].agency_id,
    )
    with pytest.raises(BundleError) as caught:
        taken(delivered, tmp_path, "surgery-dpo")
    assert caught.value.kind is Failure.KEY_OF_OTHER_ENTRY
