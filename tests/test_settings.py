"""Settings report all problems at once, refuse development in production, and stay quiet."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from referral_hub.settings import Quotas, SettingsError, load_settings

CASES = tomllib.loads(
    (Path(__file__).parent / "tables" / "settings_problems.toml").read_text(encoding="utf-8")
)["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_problem_is_reported_together(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"HUB_DATA": str(tmp_path), **case["environment"]})
    assert sorted(refused.value.problems) == sorted(case["problems"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_refusal_never_repeats_a_secret(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"HUB_DATA": str(tmp_path), **case["environment"]})
    assert "SECRET" not in str(refused.value).replace("HUB_SECRET_KEY", "")


def test_an_empty_environment_gives_the_development_defaults(tmp_path: Path) -> None:
    settings = load_settings({"HUB_DATA": str(tmp_path)})
    assert settings.environment == "development"
    assert settings.database_url is None
    assert settings.redis_url is None
    assert (settings.port, settings.metrics_port, settings.partner_port) == (8000, 8001, 8002)
    assert settings.idle_limit == timedelta(minutes=30)
    assert settings.sign_in_limit == timedelta(hours=12)
    assert settings.quotas == Quotas(client=1_200, address=6_000, tokens=60)


def test_quotas_are_an_installations_own(tmp_path: Path) -> None:
    chosen = {"HUB_CLIENT_CALLS": "90", "HUB_ADDRESS_CALLS": "400", "HUB_CLIENT_TOKENS": "5"}
    settings = load_settings({"HUB_DATA": str(tmp_path), **chosen})
    assert settings.quotas == Quotas(client=90, address=400, tokens=5)
    with pytest.raises(SettingsError, match="HUB_CLIENT_CALLS must be a whole number from 1"):
        load_settings({"HUB_DATA": str(tmp_path), "HUB_CLIENT_CALLS": "0"})
    assert settings.demo


def test_a_development_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = load_settings({"HUB_DATA": str(tmp_path)})
    second = load_settings({"HUB_DATA": str(tmp_path)})
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_when_the_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load_settings({"HUB_DATA": str(tmp_path / "fresh"), "HUB_PORT": "x"})
    assert not (tmp_path / "fresh").exists()


def test_repr_shows_no_secret_and_no_server_address(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "HUB_DATA": str(tmp_path),
            "DATABASE_URL": "postgresql://hub:SECRET1@db/hub",
            "REDIS_URL": "redis://:SECRET2@cache",
            "HUB_SECRET_KEY": "SECRET3-q8Zr2mVx0TnLw5KcYb7uJd3s9Ea",
        }
    )
    assert "SECRET" not in repr(settings)


def test_started_servers_fill_in_the_addresses_that_were_not_given(tmp_path: Path) -> None:
    settings = load_settings({"HUB_DATA": str(tmp_path)})
    reached = settings.reaching(database_url="postgresql://x/hub", redis_url="unix:///r")
    assert reached.migrate_database_url == reached.database_url == "postgresql://x/hub"
    assert reached.redis_url == "unix:///r"
