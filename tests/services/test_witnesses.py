"""The hub asks witnesses, believes their signatures and nothing else, and waits for nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import Checkpoint, Verifier, cosigned_message, signature_line
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.submission import Submission
from consent.evidence.verify import main
from consent.evidence.witness_policy import parse_policy
from referral_hub.clock import monotonic, pause
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.services import witnesses
from referral_hub.services.audit_filters import Filters
from referral_hub.services.evidence_bundle import write_bundle
from referral_hub.services.hub import Hub
from referral_hub.services.log_files import read_checkpoint
from referral_hub.services.witnesses import Asked, Asking, ask_until, ask_witnesses
from referral_hub.settings import SettingsError, load_settings
from referral_hub.wiring import build_hub
from tests.hub_bench import Bench
from tests.services.witnessing import (
    NOWHERE,
    Council,
    answering,
    policy,
    with_policy,
    witnessing,
)
from witness.cosigner import Cosigner

OFFICER = "surgery-dpo"


@pytest.fixture
def one(bench: Bench, tmp_path: Path) -> Iterator[Council]:
    with witnessing(bench.hub, tmp_path / "one", "one") as found:
        yield found


@pytest.fixture
def two(bench: Bench, tmp_path: Path) -> Iterator[Council]:
    with witnessing(bench.hub, tmp_path / "two", "two") as found:
        yield found


def grown(bench: Bench) -> int:
    """Let something happen, and return the log's size."""
    bench.refer()
    assert bench.hub.integrator is not None
    return bench.hub.integrator.run().size


def newest_note(bench: Bench, hub: Hub) -> bytes:
    return read_checkpoint(hub, bench.staff[OFFICER]).note


def require_quorum(bench: Bench, hub: Hub, text: bytes) -> Checkpoint:
    pins = Pins([Verifier.from_vkey(hub.log_vkey)], policy=parse_policy(text))
    return verify_checkpoint(newest_note(bench, hub), pins)[0]


def test_every_new_checkpoint_is_cosigned_by_all_and_served_so(
    bench: Bench, one: Council, two: Council
) -> None:
    text = policy(
        bench.hub, {"a": (one.cosigner, one.url), "b": (two.cosigner, two.url + "/")}, "all"
    )
    hub = with_policy(bench.hub, text)
    for _ in range(3):
        size = grown(bench)
        assert set(ask_witnesses(hub).values()) == {Asked.COSIGNED}
        assert require_quorum(bench, hub, text).size == size
    assert set(ask_witnesses(hub).values()) == {Asked.KEPT}
    assert bench.one("SELECT count(*) FROM log_cosignature") == 6
    assert bench.verify().ok


def test_an_absent_witness_keeps_nobody_waiting_and_shows_in_the_quorum(
    bench: Bench, one: Council, tmp_path: Path
) -> None:
    away = Cosigner(tmp_path / "away.key", "witness.example/away")
    named = {"a": (one.cosigner, one.url), "b": (away, NOWHERE)}
    either, both = (policy(bench.hub, named, how) for how in ("any", "all"))
    hub = with_policy(bench.hub, both)
    grown(bench)
    assert ask_witnesses(hub) == {b"a": Asked.COSIGNED, b"b": Asked.ABSENT}
    require_quorum(bench, hub, either)
    with pytest.raises(BundleError) as refused:
        require_quorum(bench, hub, both)
    assert refused.value.kind is Failure.WITNESSES_MISSING
    assert len(bench.refer().slots) == 1


def test_a_bundle_carries_the_cosigned_checkpoint_and_verifies_by_the_policy(
    bench: Bench, one: Council, two: Council, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = policy(bench.hub, {"a": (one.cosigner, one.url), "b": (two.cosigner, two.url)}, "2")
    file, kept = tmp_path / "policy", tmp_path / "evidence.zip"
    file.write_bytes(text)
    grown(bench)
    command = [str(kept), "--log-key", bench.hub.log_vkey, "--witness-policy", str(file)]
    for hub, status in ((bench.hub, 1), (with_policy(bench.hub, text), 0)):
        with kept.open("wb") as target:
            write_bundle(hub, bench.staff[OFFICER], Filters(), target)
        assert main(command) == status
        said = capsys.readouterr().out
        assert ("witness.example/two" in said) is (status == 0)
        assert ("witnesses-missing" in said) is (status == 1)


def test_a_bundle_is_made_while_every_witness_is_away(
    bench: Bench, two: Council, tmp_path: Path
) -> None:
    text = policy(bench.hub, {"a": (two.cosigner, NOWHERE)}, "1")
    grown(bench)
    with (tmp_path / "evidence.zip").open("wb") as target:
        written = write_bundle(
            with_policy(bench.hub, text), bench.staff[OFFICER], Filters(), target
        )
    assert written.entries > 0
    assert main([str(tmp_path / "evidence.zip"), "--log-key", bench.hub.log_vkey]) == 0


def test_a_hub_that_forgot_what_was_cosigned_goes_on_from_where_the_witness_stands(
    bench: Bench, one: Council
) -> None:
    text = policy(bench.hub, {"a": (one.cosigner, one.url)}, "1")
    hub = with_policy(bench.hub, text)
    grown(bench)
    ask_witnesses(hub)
    bench.rows("DELETE FROM log_cosignature")
    assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
    bench.rows("DELETE FROM log_cosignature")
    size = grown(bench)
    assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
    assert require_quorum(bench, hub, text).size == size


def test_a_database_that_was_restored_is_told_by_the_witness(
    bench: Bench, one: Council, caplog: pytest.LogCaptureFixture
) -> None:
    text = policy(bench.hub, {"a": (one.cosigner, one.url)}, "1")
    hub = with_policy(bench.hub, text)
    before = grown(bench)
    ask_witnesses(hub)
    after = grown(bench)
    ask_witnesses(hub)
    for table in ("log_cosignature", "log_checkpoint"):
        bench.rows(f"DELETE FROM {table} WHERE size > {before}")  # noqa: S608 - an attack
    assert ask_witnesses(hub) == {b"a": Asked.KEPT}
    with caplog.at_level(logging.ERROR):
        assert ask_witnesses(hub, Asking()) == {b"a": Asked.OTHER_PAST}
    assert "witness_remembers_another_past" in caplog.text
    assert after > before


def test_a_log_that_was_signed_anew_is_told_by_the_witness(bench: Bench, one: Council) -> None:
    size = grown(bench)
    origin = bench.hub.settings.log_origin
    thief = LogSigner(bench.hub.settings.key_directory / "log.key", origin=origin)
    for other in (size - 1, size):
        note = thief.sign_checkpoint(Checkpoint(origin, other, bytes(32)).body())
        body = Submission(0, (), note).build()
        with witnessing(bench.hub, one.directory.parent / f"at-{other}", "one") as there:
            assert there.witness.add_checkpoint(body).status == 200
            text = policy(bench.hub, {"a": (there.cosigner, there.url)}, "1")
            outcome = ask_witnesses(with_policy(bench.hub, text))
        assert outcome == {b"a": Asked.OTHER_PAST}
    assert bench.one("SELECT count(*) FROM log_cosignature") == 0


SIZE = {"Content-Type": "text/x.tlog.size"}
ANSWERS: dict[str, tuple[int, Callable[[bytes, Cosigner], bytes], dict[str, str], Asked]] = {
    "nothing": (200, lambda _b, _k: b"", {}, Asked.UNBELIEVABLE),
    "nonsense": (200, lambda _b, _k: b"OK\n", {}, Asked.UNBELIEVABLE),
    "not text": (200, lambda _b, _k: b"\xff\x00\n", {}, Asked.UNBELIEVABLE),
    "without a key of ours": (
        200,
        lambda _b, k: signature_line("stranger.example", k.verifier.key_id, bytes(72)),
        {},
        Asked.UNBELIEVABLE,
    ),
    "of another checkpoint": (
        200,
        lambda b, k: k.cosign(b.replace(b"\n", b"\n1", 1), time=1),
        {},
        Asked.UNBELIEVABLE,
    ),
    "zeros": (
        200,
        lambda _b, k: signature_line(k.verifier.name, k.verifier.key_id, bytes(72)),
        {},
        Asked.UNBELIEVABLE,
    ),
    "another text put before it": (
        200,
        lambda b, k: b"\n" + k.cosign(b, time=1),
        {},
        Asked.UNBELIEVABLE,
    ),
    "far too long": (200, lambda _b, _k: b"x" * 1_000_000, {}, Asked.ABSENT),
    "with a stranger beside": (
        200,
        lambda b, k: (
            signature_line("stranger.example", b"abcd", bytes(72)) + k.cosign(b, time=1) * 2
        ),
        {},
        Asked.COSIGNED,
    ),
    "moved": (302, lambda _b, _k: b"", {"Location": NOWHERE}, Asked.REFUSED),
    "forbidden": (403, lambda _b, _k: b"no\n", {}, Asked.REFUSED),
    "broken": (500, lambda _b, _k: b"", {}, Asked.ABSENT),
    "a size without its type": (409, lambda _b, _k: b"1\n", {}, Asked.REFUSED),
    "a size that is none": (409, lambda _b, _k: b"-1\n", SIZE, Asked.REFUSED),
    "a size for ever": (409, lambda _b, _k: b"1\n", SIZE, Asked.REFUSED),
    "a size with more": (409, lambda _b, _k: b"1\nmore\n", SIZE, Asked.REFUSED),
    "a size beyond us": (409, lambda _b, _k: b"9223372036854775807\n", SIZE, Asked.OTHER_PAST),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_of_an_answer_only_the_witness_s_own_verified_line_is_kept(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    status, say, headers, expected = ANSWERS[name]
    cosigner = Cosigner(tmp_path / "witness.key", "witness.example/odd")
    grown(bench)
    body = newest_note(bench, bench.hub).partition(b"\n\n")[0] + b"\n"
    with answering(status, say(body, cosigner), headers) as url:
        text = policy(bench.hub, {"a": (cosigner, url)}, "1")
        assert ask_witnesses(with_policy(bench.hub, text)) == {b"a": expected}
    kept = bench.rows("SELECT line, time FROM log_cosignature")
    assert len(kept) == (expected is Asked.COSIGNED)
    if kept:
        assert bytes(kept[0]["line"]) == cosigner.cosign(body, time=1)
        assert cosigned_message(body, time=1).startswith(b"cosignature/v1\ntime 1\n")


def test_many_processes_may_ask_at_once_while_the_log_grows(bench: Bench, one: Council) -> None:
    text = policy(bench.hub, {"a": (one.cosigner, one.url)}, "1")
    hub = with_policy(bench.hub, text)
    grown(bench)
    with ThreadPoolExecutor(4) as pool:
        rounds = [pool.submit(ask_witnesses, hub) for _ in range(20)]
        for _ in range(5):
            grown(bench)
        outcomes = {outcome for asked in rounds for outcome in asked.result().values()}
    assert outcomes <= {Asked.COSIGNED, Asked.KEPT, Asked.REFUSED}
    ask_witnesses(hub)
    require_quorum(bench, hub, text)


def test_the_worker_asks_until_it_is_told_to_stop(
    bench: Bench, one: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "ROUND_SECONDS", 0.05)
    hub = with_policy(bench.hub, policy(bench.hub, {"a": (one.cosigner, one.url)}, "1"))
    stopping = threading.Event()
    asking = threading.Thread(target=ask_until, args=(hub, lambda: not stopping.is_set()))
    asking.start()
    size, deadline = grown(bench), monotonic() + 20
    while not bench.rows("SELECT 1 FROM log_cosignature WHERE size = %s", size):
        assert monotonic() < deadline
        pause(0.05)
    stopping.set()
    asking.join(timeout=20)
    assert not asking.is_alive()


def test_a_hub_without_witnesses_asks_nobody(bench: Bench) -> None:
    ask_until(bench.hub, lambda: True)
    grown(bench)
    assert ask_witnesses(bench.hub) == {}
    assert newest_note(bench, bench.hub).count("—".encode()) == 1


def test_a_witness_that_is_away_is_asked_less_and_less_often(
    bench: Bench, two: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(witnesses, "monotonic", lambda: now[0])
    hub = with_policy(bench.hub, policy(bench.hub, {"a": (two.cosigner, NOWHERE)}, "1"))
    asking, asked_at = Asking(), []
    grown(bench)
    for second in range(200):
        now[0] = 1000.0 + second
        if ask_witnesses(hub, asking):
            asked_at.append(second)
    assert asked_at == [0, 1, 3, 7, 15, 31, 63, 123, 183]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"quorum nobody\n", "HUB_WITNESS_POLICY: policy, line 1"),
        (b"log other.example+00000000+AAAA\nquorum none\n", "HUB_WITNESS_POLICY: policy, line 1"),
        (b"witness a {key} http://witness.example/\nquorum a\n", "must begin with https://"),
        (b"witness a {key} https://witness.example/?x\nquorum a\n", "without a query"),
        (b"witness a {key} ftp://witness.example\nquorum a\n", "must begin with https://"),
    ],
)
def test_a_policy_that_cannot_be_used_stops_the_start(
    bench: Bench, tmp_path: Path, text: bytes, told: str
) -> None:
    key = Cosigner(tmp_path / "w.key", "witness.example/w").verifier.vkey().encode()
    file = tmp_path / "policy"
    file.write_bytes(text.replace(b"{key}", key))
    settings = load_settings(
        {
            "HUB_DATA": str(tmp_path),
            "DATABASE_URL": bench.url,
            "HUB_WITNESS_POLICY": str(file),
        }
    )
    with pytest.raises(SettingsError, match=told):
        build_hub(settings)
