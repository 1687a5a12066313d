"""Names to adapters, and third parties who plug in."""

import sys
import textwrap
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adapters.contract import AdapterError, Delivery, Endpoint, Sealed, UnknownAdapter
from adapters.formats.hub_json import HubJson
from adapters.registry import TRANSPORTS, load_registry, with_installed
from adapters.transports.https_push import HttpsPush


def now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


def test_the_hub_s_own_adapters_are_there_by_name() -> None:
    registry = load_registry(now=now)
    assert registry.names() == (
        (
            "charitylog_referral",
            "fhir_message",
            "hub_json",
            "komunitin_need",
            "referral_sheet",
            "timeoverflow_member",
            "volunteering_opportunity",
        ),
        ("callback", "https_push", "sealed_mail", "smtp"),
    )
    assert isinstance(registry.format("hub_json"), HubJson)
    assert isinstance(registry.transport("https_push"), HttpsPush)
    registry.close()


def test_an_unknown_name_is_an_error_and_not_a_default() -> None:
    registry = load_registry(now=now)
    with pytest.raises(UnknownAdapter, match="format fhir_r4: not installed"):
        registry.format("fhir_r4")
    with pytest.raises(UnknownAdapter, match="transport pigeon: not installed"):
        registry.transport("pigeon")


def test_an_installed_package_adds_its_transport(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pigeon_post.py"
    package.write_text(
        textwrap.dedent("""
        from adapters.contract import Delivery, DeliveryOutcome
        class Pigeon:
            about = None
            def check(self, address, *, here=False):
                return ()
            def send(self, endpoint, sealed):
                return DeliveryOutcome(Delivery.DELIVERED, "flown")
            def close(self):
                pass
        """)
    )
    installed = tmp_path / "pigeon_post-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[{TRANSPORTS}]\npigeon = pigeon_post:Pigeon\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry(now=now)
    outcome = registry.transport("pigeon").send(Endpoint("a", ""), Sealed("e", b""))
    assert outcome.delivery is Delivery.DELIVERED
    registry.close()
    sys.modules.pop("pigeon_post", None)


def test_a_package_cannot_take_a_name_that_is_in_use() -> None:
    point = EntryPoint("hub_json", "adapters.formats.hub_json:HubJson", "referral_hub.formats")
    with pytest.raises(AdapterError, match="the name is taken"):
        with_installed({"hub_json": HubJson()}, [point])
    with pytest.raises(AdapterError, match="the name is taken"):
        with_installed({}, [point, point])
