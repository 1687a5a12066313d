"""The partner guide's commands, as they stand there, against a hub that `hub run` started."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.journeys.started import RunningHub, started_hub

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "partner-guide.md").read_text(encoding="utf-8")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
COMMANDS = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A demonstration hub of its own: web server, worker, database, all real."""
    with started_hub(tmp_path_factory.mktemp("guide")) as hub:
        yield hub


@pytest.fixture(scope="module")
def walked(running: RunningHub) -> dict[str, object]:
    """What is left of the guide's walk: its files and its token."""
    program = (
        "set -euo pipefail\n" + "\n".join(COMMANDS) + '\nprintf "\\n%s\\n%s" "$TOKEN" "$WORK"\n'
    )
    done = subprocess.run(
        ["bash", "-c", program],
        env={**os.environ, **running.environ, "HUB": running.address},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, token, work = done.stdout.splitlines()
    return {"token": token, "work": Path(work), "printed": done.stdout}


def test_the_guide_sends_a_first_referral(walked: dict[str, object]) -> None:
    work = walked["work"]
    assert isinstance(work, Path)
    told = json.loads((work / "accepted.json").read_text("utf-8"))
    assert told["state"] == "routed"
    assert told["reference"].startswith("RH-")
    assert told["reference"] in str(walked["printed"])
    token = json.loads((work / "token.json").read_text("utf-8"))
    assert token["token_type"] == "Bearer"


def test_the_guides_key_is_private_to_its_owner(running: RunningHub) -> None:
    place = Path(running.environ["HUB_DATA"]) / "partner-client"
    assert {file.name for file in place.iterdir()} == {"client-id", "key-id", "key.pem"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in place.iterdir())


def test_one_key_sent_to_two_web_processes_at_once_is_one_referral(
    running: RunningHub, walked: dict[str, object]
) -> None:
    work = walked["work"]
    assert isinstance(work, Path)
    body = (work / "referral.json").read_bytes()
    headers = {
        "Authorization": f"Bearer {walked['token']}",
        "Idempotency-Key": "the-same-key-for-all-of-them",
        "Content-Type": "application/json",
    }

    def post(_: int) -> httpx.Response:
        url = f"{running.address}/api/v1/referrals"
        return httpx.post(url, content=body, headers=headers, timeout=60)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, range(24)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = {answer.content for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1


def test_schemathesis_finds_nothing(running: RunningHub, walked: dict[str, object]) -> None:
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{running.address}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {walked['token']}",
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={os.environ.get('FUZZ_EXAMPLES', '8')}",
        "--phases=fuzzing",
        "--seed=1",
        "--no-color",
    ]
    assert urlsplit(running.address).hostname == "127.0.0.1"
    done = subprocess.run(
        command, cwd=walked["work"], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
