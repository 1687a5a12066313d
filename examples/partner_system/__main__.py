"""The command line: `init` makes the keys, `serve` runs the partner's system."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import warnings
from pathlib import Path

from joserfc.errors import SecurityWarning

from partner_system.casebook import Casebook
from partner_system.envelope import Partnership
from partner_system.server import PartnerServer


def main() -> None:
    """Run one of the two commands."""
    os.umask(0o077)
    # EdDSA is the name in RFC 8037 and on the hub's wire; the library prefers the newer Ed25519.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    options = _options()
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if options.command == "init":
        print(json.dumps(Partnership(options.data).public_jwks(), indent=2))
    else:
        _serve(options)


def _serve(options: argparse.Namespace) -> None:
    partnership = Partnership(options.data, agency=options.agency, hub_url=options.hub_url)
    partnership.trust(options.hub_jwks)
    casebook = Casebook(options.data / "partner.sqlite3", partnership)
    code_file = options.data / "sign-in-code"
    if not code_file.exists():
        code_file.write_text(secrets.token_hex(8))
    server = PartnerServer(
        options.port,
        partnership=partnership,
        casebook=casebook,
        code=code_file.read_text().strip(),
        answer=options.answer,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    casebook.start()
    print(f"Partner system is ready: http://127.0.0.1:{server.server_address[1]}/")
    print(f"Sign-in code: {server.code}", flush=True)
    server.serve_forever()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="partner_system", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("init", help="make the keys and print the public ones")
    first.add_argument("--data", type=Path, required=True, help="our private directory")
    second = commands.add_parser("serve", help="receive referrals and answer them")
    second.add_argument("--data", type=Path, required=True, help="our private directory")
    second.add_argument("--port", type=int, required=True)
    second.add_argument("--hub-url", required=True, help="the hub's public address")
    second.add_argument("--hub-jwks", type=Path, required=True, help="the hub's public keys")
    second.add_argument("--agency", required=True, help="our agency id at the hub")
    second.add_argument("--answer", choices=["accept", "decline", "ask-me"], default="ask-me")
    return parser.parse_args()


if __name__ == "__main__":
    main()
