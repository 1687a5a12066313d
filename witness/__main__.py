"""`python -m witness`: `key` prints the public key to hand out, `serve` cosigns."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from consent.evidence.checkpoint import CheckpointError, SignatureType, Verifier
from witness.clock import now
from witness.cosigner import Cosigner, KeyFileError
from witness.record import Record
from witness.server import WitnessServer
from witness.witness import Witness


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two commands; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        asked.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        cosigner = Cosigner(asked.data / "witness.key", asked.name)
        if asked.command == "key":
            sys.stdout.write(f"{cosigner.verifier.vkey()}\n")
            return 0
        logs = [_log(text) for text in asked.log]
        witness = Witness(cosigner, Record(asked.data / "witness.sqlite3"), logs, clock=now)
        server = WitnessServer((asked.host, asked.port), witness)
    except (CheckpointError, KeyFileError, OSError) as error:
        sys.stderr.write(f"the witness cannot start: {error}\n")
        return 2
    _serve(server, cosigner)
    return 0


def _serve(server: WitnessServer, cosigner: Cosigner) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    host, port = server.server_address[:2]
    sys.stdout.write(f"Witness is ready: http://{host!s}:{port}\n{cosigner.verifier.vkey()}\n")
    sys.stdout.flush()
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _log(text: str) -> Verifier:
    found = Verifier.from_vkey(text)
    if found.kind is not SignatureType.ED25519:
        raise CheckpointError("--log: a witness's key cannot stand for a log")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="witness", description="Remember a log's newest checkpoint; cosign what continues it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    key = commands.add_parser("key", help="print the public key to hand out")
    serve = commands.add_parser("serve", help="answer POST /add-checkpoint")
    for command in (key, serve):
        command.add_argument(
            "--data", type=Path, required=True, help="the witness's own directory, kept for good"
        )
        command.add_argument("--name", required=True, help="a schema-less URL: council.example/w")
    serve.add_argument(
        "--log",
        action="append",
        required=True,
        metavar="VKEY",
        help="a log's public key; twice while it rolls over",
    )
    serve.add_argument("--host", default="127.0.0.1", help="where to listen")
    serve.add_argument("--port", type=int, default=8090)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
