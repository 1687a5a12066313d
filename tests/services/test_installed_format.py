"""The partner guide's own format, built and installed; a referral leaves through it."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from referral_hub.domain.codes import MessagesBack
from referral_hub.domain.deliveries import Way
from referral_hub.errors import InvalidInput
from referral_hub.services.deliveries import start_way, stop_way
from referral_hub.services.reached import Choice, choices, choose_system
from tests.hub_bench import GARDEN, NewBench
from tests.services.test_chosen_ways import PUBLIC, accept, admin, send
from tests.taking import taking

GUIDE = (Path(__file__).parents[2] / "docs" / "partner-guide.md").read_text(encoding="utf-8")
MOST_LINES = 40


def shown(language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the path into which pip installed the guide's package, without a network."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (source / "pyproject.toml").write_text(shown("toml"))
    (source / "shopping_round.py").write_text(shown("python"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(target)
    monkeypatch.delitem(sys.modules, "shopping_round", raising=False)
    return target


def test_the_guides_format_is_short_and_a_referral_leaves_through_it(
    installed: Path, new_bench: NewBench
) -> None:
    assert len((shown("toml") + shown("python")).splitlines()) <= MOST_LINES
    assert (installed / "shopping_round.py").is_file()
    bench = new_bench(HUB_CALLBACKS_HERE="1")
    assert choices(bench.hub)[0]["shopping_round"].title == "Line of a shopping round"
    with taking() as system:
        choice = Choice("https_push", "shopping_round", system.url, plain=True)
        with pytest.raises(InvalidInput):
            choose_system(bench.hub, admin(bench), choice)
        chosen = Choice(
            "https_push", "shopping_round", system.url, plain=True, addressing={"round": "B4"}
        )
        choose_system(bench.hub, admin(bench), chosen)
        task_id = send(bench)
        assert system.asked == []  # an offer is none of its kinds and waits in the inbox
        accept(bench, task_id)
        (asked,) = system.asked
    assert asked.body.startswith(b"B4; RH-")
    assert asked.body.endswith(b"Zebedee; Quillfeather; 4 Gannet Row\nMF1 2AB")
    assert bench.disclosures_without_entry() == []


def test_an_installed_way_carries_sealed_bytes_and_is_stopped_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_bench: NewBench
) -> None:
    (tmp_path / "pigeon_loft.py").write_text(
        textwrap.dedent("""
        from adapters.contract import AddressRefused, Delivery, DeliveryOutcome, TransportAbout
        FLOWN = []
        class Pigeon:
            about = TransportAbout("By pigeon", "Loft")
            def check(self, address, *, here=False):
                if not address.startswith("loft:"):
                    raise AddressRefused("A loft begins with loft:")
                return ()
            def send(self, endpoint, sealed):
                FLOWN.append((endpoint.url, sealed.content_type, sealed.body))
                return DeliveryOutcome(Delivery.DELIVERED, "flown")
            def close(self):
                pass
        """)
    )
    described = tmp_path / "pigeon_loft-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-loft\nVersion: 1\n")
    (described / "entry_points.txt").write_text(
        "[referral_hub.transports]\npigeon = pigeon_loft:Pigeon\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    bench = new_bench()
    wrong = Choice("pigeon", "hub_json", "attic", key=PUBLIC, back=MessagesBack.NONE)
    with pytest.raises(InvalidInput, match="address"):
        choose_system(bench.hub, admin(bench), wrong)
    choose_system(bench.hub, admin(bench), Choice("pigeon", "hub_json", "loft:3", key=PUBLIC))
    council = bench.staff["council-admin"]
    stop_way(bench.hub, council, Way.OTHER)
    bench.refer(needs=GARDEN, to=("time_bank",))
    assert bench.deliver() == 0
    start_way(bench.hub, council, Way.OTHER)
    bench.deliver()
    ((loft, kind, body),) = sys.modules["pigeon_loft"].FLOWN
    assert (loft, kind) == ("loft:3", "application/jose")
    assert b"Zebedee" not in body
    assert bench.states() == [("time_bank", "offered")]
    monkeypatch.delitem(sys.modules, "pigeon_loft")
