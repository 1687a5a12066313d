"""`hub partner-check` against the reference partner, and against endpoints that get it wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from referral_hub.commands.partner_check import ISSUER, partner_check
from referral_hub.crypto.jwks import HubSigner
from tests.partner_system.harness import AGENCY, Hub, key_for, start
from tests.ports import free_ports


def check(url: str, key: dict[str, Any], keys: Path) -> tuple[Result, dict[str, bool]]:
    """Run the command; returns its result, and each case with whether it went well."""
    file = keys.parent / "recipient.json"
    file.write_text(json.dumps(key))
    result = CliRunner().invoke(
        partner_check,
        [url, "--agency", AGENCY, "--recipient-key", str(file), "--keys", str(keys), "--json"],
    )
    return result, {one["case"]: one["ok"] for one in json.loads(result.output)["cases"]}


def test_the_reference_partner_does_everything_that_the_hub_relies_on(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    shown = CliRunner().invoke(partner_check, ["--keys", str(keys), "--show-keys"])
    signer = HubSigner(keys / "check-signing-key")
    assert json.loads(shown.output) == signer.public_jwks()
    partner = start(tmp_path / "partner", Hub(signer, url=ISSUER))
    try:
        url = f"http://127.0.0.1:{partner.port}/referrals"
        result, cases = check(url, key_for(partner.jwks, "enc"), keys)
        assert [case for case, ok in cases.items() if not ok] == [], result.output
        assert result.exit_code == 0
        assert len(cases) >= 25
    finally:
        partner.stop()
        assert partner.process.stdout is not None
        partner.process.stdout.close()


@contextmanager
def endpoint(status: int, headers: dict[str, str] | None = None) -> Iterator[str]:
    """An endpoint that answers everything in the same way, with a new receipt each time."""
    count = iter(range(10_000))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps({"receipt": f"r-{next(count)}"}).encode()
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET = answer  # noqa: N815 - the server's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    from referral_hub.crypto.probes import nobodys_encryption_jwk

    return dict(nobodys_encryption_jwk())


def test_an_endpoint_that_takes_everything_is_told_what_it_must_refuse(
    tmp_path: Path, key: dict[str, Any]
) -> None:
    with endpoint(200) as url:
        result, cases = check(url, key, tmp_path / "keys")
    assert result.exit_code == 1
    assert cases["a referral is taken"]
    assert not cases["the same message again is the same referral"]
    assert not cases["the same message eight times at once is one referral"]
    refused = [ok for case, ok in cases.items() if case.endswith(" is refused")]
    assert len(refused) >= 14
    assert not any(refused)


@pytest.mark.parametrize("status", [500, 302])
def test_a_server_error_or_a_redirect_is_neither_taken_nor_refused(
    tmp_path: Path, key: dict[str, Any], status: int
) -> None:
    with endpoint(status, {"Location": "http://127.0.0.1:9/"}) as url:
        _, cases = check(url, key, tmp_path / "keys")
    assert not any(cases.values())


def test_an_address_where_nobody_answers_is_a_report_and_no_traceback(
    tmp_path: Path, key: dict[str, Any]
) -> None:
    result, cases = check("http://127.0.0.1:9/", key, tmp_path / "keys")
    assert result.exit_code == 1
    assert not cases["a referral is taken"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(partner_check, ["--keys", str(tmp_path / "keys")])
    assert result.exit_code == 2
    assert "--recipient-key" in result.output
    wrong = tmp_path / "key.json"
    wrong.write_text("[]")
    result = CliRunner().invoke(
        partner_check,
        ["http://127.0.0.1:9/", "--recipient-key", str(wrong), "--keys", str(tmp_path / "keys")],
    )
    assert result.exit_code == 2
    assert "no public encryption key" in result.output


def test_where_nobody_answers_that_is_the_whole_report(tmp_path: Path, key: dict[str, Any]) -> None:
    result, cases = check(f"http://127.0.0.1:{free_ports(1)[0]}/", key, tmp_path / "keys")
    assert result.exit_code == 1
    assert cases == {"a referral is taken": False}
    assert "Nobody answers at this address" in result.output
