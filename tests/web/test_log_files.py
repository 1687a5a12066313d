"""The checkpoint and the tiles as anybody's tlog-tiles client reads them, and who may read them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.evidence.checkpoint import Verifier, parse_checkpoint, verify_note
from consent.evidence.merkle import verify_consistency, verify_inclusion
from consent.evidence.tiles import TILE_WIDTH, Tiles, tile_path
from referral_hub.domain.commands import Actor
from referral_hub.services.log_reports import Report, append, report_event
from tests.web.partner_calls import Partner

Fetch = Callable[[str], Any]
SIZE = 600


@pytest.fixture(scope="module")
def tall_town(town: Any) -> Any:
    """The town, with a log of more than two tiles."""
    grow(town, SIZE)
    return town


def grow(town: Any, size: int) -> None:
    officer: Actor = town.actor("surgery-dpo")
    while town.hub.integrator.run().size < size:
        for _ in range(50):
            append(town.hub, officer, report_event(officer, Report.SEARCH, outcome="x", details={}))


def client_of(fetch: Fetch, size: int, prefix: str = "/log/") -> Tiles:
    """A tlog-tiles client: only tiles that a tree of `size` has, each by its exact width."""

    def read(level: int, index: int) -> bytes:
        width = min(TILE_WIDTH, (size >> 8 * level) - TILE_WIDTH * index)
        answer = fetch(prefix + tile_path(level, index, width))
        assert answer.status_code == 200, (level, index, width)
        assert len(answer.data) == 32 * width
        return bytes(answer.data)

    return Tiles(read)


def signed_head(town: Any, fetch: Fetch, path: str = "/log/checkpoint") -> Any:
    answer = fetch(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return parse_checkpoint(verify_note(answer.data, [Verifier.from_vkey(town.hub.log_vkey)]).text)


def test_the_served_tiles_make_the_root_that_the_log_signed(tall_town: Any) -> None:
    fetch = tall_town.browser("surgery-dpo").client.get
    head = signed_head(tall_town, fetch)
    assert head.size > 2 * TILE_WIDTH
    tiles = client_of(fetch, head.size)
    assert tiles.root(head.size) == head.root
    leaves = b"".join(
        tiles.leaves(start, min(TILE_WIDTH, head.size - start))
        for start in range(0, head.size, TILE_WIDTH)
    )
    for index in (0, 255, 256, head.size - 1):
        verify_inclusion(
            index,
            head.size,
            leaf=leaves[32 * index : 32 * index + 32],
            proof=tiles.inclusion_proof(index, head.size),
            root=head.root,
        )


def test_any_two_checkpoints_are_proved_consistent_from_the_tiles_alone(tall_town: Any) -> None:
    fetch = tall_town.browser("surgery-dpo").client.get
    before = signed_head(tall_town, fetch)
    grow(tall_town, before.size + 130)
    after = signed_head(tall_town, fetch)
    tiles = client_of(fetch, after.size)
    verify_consistency(
        before.size,
        after.size,
        root1=before.root,
        root2=after.root,
        proof=tiles.consistency_proof(before.size, after.size),
    )


def test_a_tile_of_an_earlier_size_is_still_served_and_never_changes(tall_town: Any) -> None:
    fetch = tall_town.browser("surgery-dpo").client.get
    narrow, full = fetch("/log/tile/0/000.p/7"), fetch("/log/tile/0/000")
    assert full.headers["Content-Type"] == "application/octet-stream"
    assert full.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert narrow.data == full.data[: 7 * 32]
    pairs = [sha256(b"\x01" + full.data[at : at + 64]).digest() for at in range(0, 8192, 64)]
    while len(pairs) > 1:
        pairs = [
            sha256(b"\x01" + pairs[at] + pairs[at + 1]).digest() for at in range(0, len(pairs), 2)
        ]
    assert fetch("/log/tile/1/000.p/1").data == pairs[0]


@pytest.mark.parametrize(
    "path",
    [
        "entries/000",
        "entries/000.p/1",
        "0/999",
        "0/900.p/255",
        "1/000",
        "1/000.p/255",
        "2/000.p/1",
        "64/000",
        "00/000",
        "-1/000",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/07",
        "0/000.p/",
        "0/x000/000",
        "0/x1/000",
        "0/１00",
        "0/%30%30%30%0a",
        "63/" + "x999/" * 40 + "999",
        "0/" + "x999/" * 6 + "999",
        "0/000%00",
    ],
)
def test_what_is_no_tile_or_not_there_is_one_and_the_same_answer(tall_town: Any, path: str) -> None:
    fetch = tall_town.browser("surgery-dpo").client.get
    answer, nowhere = fetch(f"/log/tile/{path}"), fetch("/log/nowhere")
    assert answer.status_code == nowhere.status_code == 404
    assert answer.data == nowhere.data
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_partner_system_reads_the_same_tree_by_its_own_credential(
    tall_town: Any,
) -> None:
    hub = tall_town.hub
    library = tall_town.actor("library").agency_id
    partner = Partner(hub, library, tall_town.app.test_client())
    partner.register(tall_town.url)

    def fetch(path: str) -> Any:
        bearer = {"Authorization": f"Bearer {partner.token(path, b'')}"}
        return partner.client.get(path, headers=bearer)

    head = signed_head(tall_town, fetch, "/partner/v1/log/checkpoint")
    assert client_of(fetch, head.size, "/partner/v1/log/").root(head.size) == head.root
    assert fetch("/partner/v1/log/tile/entries/000").status_code == 404


def test_a_partner_s_token_opens_one_tile_once(tall_town: Any) -> None:
    library = tall_town.actor("library").agency_id
    partner = Partner(
        tall_town.hub, library, tall_town.app.test_client(), numbers=itertools.count(1000)
    )
    partner.register(tall_town.url)
    one, other = "/partner/v1/log/tile/0/000", "/partner/v1/log/tile/0/001"
    bearer = {"Authorization": f"Bearer {partner.token(one, b'')}"}
    assert partner.client.get(other, headers=bearer).status_code == 401
    assert partner.client.get(one, headers=bearer).status_code == 200
    assert partner.client.get(one, headers=bearer).status_code == 401
    stranger = Partner(tall_town.hub, library, partner.client, Ed25519PrivateKey.generate())
    bearer = {"Authorization": f"Bearer {stranger.token(one, b'')}"}
    assert partner.client.get(one, headers=bearer).status_code == 401
    assert partner.client.get(one).status_code == 401
