"""`hub clients`: an operator registers systems, gives and takes keys, switches off and on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import OKPKey

from referral_hub.commands.clients import clients
from referral_hub.errors import InvalidInput
from tests.hub_bench import Bench, NewBench

SURGERY = ("--agency", "Harbour Street Surgery")


@pytest.fixture
def command(new_bench: NewBench) -> Any:
    """Runs the command over a hub of its own; nobody listens for its bell."""
    bench: Bench = new_bench()
    environ = {
        "HUB_DATA": str(bench.directory),
        "HUB_DEMO": "1",
        "DATABASE_URL": bench.url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(clients, arguments, env=environ)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def pasted(tmp_path: Path, kid: str, **more: object) -> str:
    key = {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": kid, **more}
    file = tmp_path / f"{kid}.json"
    file.write_text(json.dumps(key))
    return str(file)


def test_a_system_is_registered_looked_after_and_switched_off(command: Any, tmp_path: Path) -> None:
    made = command(
        "register", *SURGERY, "--name", "Case system", "--scope", "fhir", "--plain-json",
        "--key", pasted(tmp_path, "first"),
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    client_id = re.findall(r"Client id: ([0-9a-f-]{36})", made.output)[0]
    assert "Key id:    first" in made.output
    assert (
        "Key id:    second"
        in command("add-key", *SURGERY, client_id, pasted(tmp_path, "second")).output
    )
    assert command("remove-key", *SURGERY, client_id, "first").output == "Removed.\n"
    assert command("disable", *SURGERY, client_id).output == "Switched off.\n"
    listed = command("list", *SURGERY).output
    assert re.search(rf"{client_id}  off  keys: 1  Case system\n    fhir  plain JSON", listed)
    assert command("enable", *SURGERY, client_id).output == "Switched on.\n"
    assert f"{client_id}  on " in command("list", *SURGERY).output
    assert client_id not in command("list", "--agency", "Mereford Council").output


def test_what_cannot_be_is_told(command: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="agency"):
        command("list", "--agency", "Nobody's Surgery")
    private = OKPKey.generate_key("Ed25519").as_dict(private=True)
    with pytest.raises(InvalidInput, match="key"):
        command(
            "register", *SURGERY, "--name", "S", "--scope", "fhir",
            "--key", pasted(tmp_path, "private", **private),
        )  # fmt: skip
    made = command("register", *SURGERY, "--name", "T", "--scope", "fhir").output
    client_id = made.split()[-1]
    with pytest.raises(InvalidInput, match="kid"):
        command("remove-key", *SURGERY, client_id, "nothing")
    assert command("register", *SURGERY, "--name", "U", "--scope", "everything").exit_code == 2
