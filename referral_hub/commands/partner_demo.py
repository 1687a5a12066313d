"""`hub partner-demo`: register and start the demonstration's partner system, a program of its own.

The program lives in `examples/partner_system`, imports nothing of the hub and keeps its own keys.
This command only does what an administrator does with a new partner: exchange public keys and
addresses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from referral_hub.commands.opening import open_hub
from referral_hub.errors import HubError
from referral_hub.services.demo import register_partner
from referral_hub.services.hub import Hub
from referral_hub.settings import Settings

AGENCY = "Mereford Time Bank"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@click.command("partner-demo")
@click.option("--answer", type=click.Choice(["ask-me", "accept", "decline"]), default="ask-me")
def partner_demo(answer: str) -> None:
    """Start the time bank's own system and introduce it to the hub."""
    with open_hub() as hub:
        if not hub.settings.demo:
            raise HubError("partner-demo works only for the demonstration (HUB_DEMO=1).")
        data = hub.settings.data_dir / "partner"
        arguments = _introduce(hub, data)
    command = [*_program("serve"), "--data", str(data), *arguments, "--answer", answer]
    os.execve(sys.executable, command, _environment())  # noqa: S606 - this program's own example


def partner_code(settings: Settings) -> str | None:
    """Return the code that opens the partner system's page; None before its first start."""
    path = settings.data_dir / "partner" / "sign-in-code"
    return path.read_text(encoding="utf-8").strip() if path.exists() else None


def _introduce(hub: Hub, data: Path) -> list[str]:
    """Exchange public keys; returns the arguments with which the partner serves."""
    made = subprocess.run(  # noqa: S603 - this program's own example
        [*_program("init"), "--data", str(data)],
        env=_environment(),
        capture_output=True,
        check=True,
    )
    jwks = json.loads(made.stdout)
    encryption = next(key for key in jwks["keys"] if key.get("use") == "enc")
    signing = {"keys": [key for key in jwks["keys"] if key.get("use") == "sig"]}
    port = hub.settings.partner_port
    agency_id = register_partner(
        hub,
        AGENCY,
        url=f"http://127.0.0.1:{port}/referrals",
        encryption_jwk=encryption,
        signing_jwks=signing,
    )
    hub_keys = data / "hub-jwks.json"
    hub_keys.write_text(json.dumps(hub.hub_signer.public_jwks()), encoding="utf-8")
    return [
        "--port",
        str(port),
        "--hub-url",
        hub.settings.public_url,
        "--hub-jwks",
        str(hub_keys),
        "--agency",
        str(agency_id),
    ]


def _program(verb: str) -> list[str]:
    return [sys.executable, "-m", "partner_system", verb]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return kept | {"PYTHONPATH": str(EXAMPLES), "PYTHONUNBUFFERED": "1"}
