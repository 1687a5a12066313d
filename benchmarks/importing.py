"""How fast a file of visits is imported, and in how much memory.

    make bench-import                     (ROWS=10000 for a look)

A home library's file is mostly visits at which nobody agreed to anything: of a hundred rows two are
referrals with everything needed, one waits for a person, one comes back, and the rest is left out.
Each kind is also measured alone, because the mix hides what one costs. Everything runs in a process
of its own, as the worker's does: the file is made and sealed as it arrives, looked through, and
imported. Peak memory is what the system says of that process from the moment the hub is built:
building it takes 64 MB more for an instant, to prepare a password hash. On a machine that does
other things too, rows for each second of this process's own processor time say more than rows for
each second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchmarks.town import private_town
from consent.model import DataClass
from consent.notices import current
from referral_hub.clock import system_clock
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import AgreedTo
from referral_hub.services.file_imports import confirm_import, read_import
from referral_hub.services.hub import Hub
from referral_hub.services.import_mapping import save_mapping, seed, view_mapping
from referral_hub.services.receive_file import receive_file
from referral_hub.services.run_imports import run_imports
from referral_hub.settings import load_settings
from referral_hub.store import staff
from referral_hub.wiring import build_hub

ROWS = 100_000
SHARE_OF_ONE_KIND = 20
HEADER = (
    "ticket_no,visit_date,route,seen,note,need_codes,agreed_to_referral,visitor_id,"
    "first_name,family_name,date_of_birth,phone\r\n"
)
CLASSES = (
    DataClass.IDENTITY,
    DataClass.CONTACT,
    DataClass.NEED,
    DataClass.ACCESS_NEEDS,
    DataClass.HEALTH,
)
Kind = Callable[[int], str]


def mixed(number: int) -> str:
    """What a row of a usual file is."""
    return {7: "referral", 57: "referral", 31: "staged", 83: "returned"}.get(
        number % 100, "left_out"
    )


MIXES: dict[str, Kind] = {
    "a usual file": mixed,
    "every row left out": lambda _: "left_out",
    "every row staged": lambda _: "staged",
    "every row a referral": lambda _: "referral",
}


def main() -> int:
    """Measure each mix and print rows a second and peak memory."""
    parser = argparse.ArgumentParser(prog="make bench-import", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.rows)))
        return 0
    print(
        f"{'file':22} {'rows':>8} {'looked through':>16} {'imported':>12}"
        f" {'by processor time':>19} {'peak memory':>13}"
    )
    for name in MIXES:
        rows = (
            options.rows
            if name in {"a usual file", "every row left out"}
            else (max(1000, options.rows // SHARE_OF_ONE_KIND))
        )
        found = _in_a_process(name, rows)
        print(
            f"{name:22} {rows:8} {rows / found['checking']:13.0f} /s"
            f" {rows / found['importing']:9.0f} /s {rows / found['processor']:16.0f} /s"
            f" {found['megabytes']:10.0f} MB",
            flush=True,
        )
    return 0


def usual_file(rows: int) -> dict[str, float]:
    """Return rows a second and the peak megabytes of importing a usual file of `rows`."""
    found = _in_a_process("a usual file", rows)
    return {
        "csv_rows": rows,
        "csv_rows_per_second": rows / found["importing"],
        "csv_checked_per_second": rows / found["checking"],
        "csv_megabytes": found["megabytes"],
    }


def measure(name: str, rows: int) -> dict[str, float]:
    """Send, look through and import one file; seconds of each, and this process's peak memory."""
    hub = build_hub(load_settings(os.environ))
    _forget_peak()
    librarian = _actor(hub, "librarian")
    _map_columns(hub)
    pieces = _file(MIXES[name], rows)
    import_id = receive_file(hub, librarian, pieces)
    checking = _timed(hub)
    confirm_import(hub, librarian, import_id)
    used = time.process_time()
    importing = _timed(hub)
    used = time.process_time() - used
    row = read_import(hub, librarian, import_id).row
    counted = sum(row.counts.get(one, 0) for one in ("referral", "staged", "left_out", "returned"))
    assert row.state == "done"
    assert counted == rows, "every row became something"
    return {
        "checking": checking,
        "importing": importing,
        "processor": used,
        "megabytes": _peak_megabytes(),
    }


def _forget_peak() -> None:
    """Let the system count the peak from here; where it cannot, it counts from the start."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak_megabytes() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(name: str, rows: int) -> dict[str, float]:
    with private_town() as town:
        environ = os.environ | {
            "HUB_DATA": str(town.settings.data_dir),
            "HUB_DEMO": "1",
            "DATABASE_URL": str(town.settings.database_url),
            "MIGRATE_DATABASE_URL": str(town.settings.migrate_database_url),
        }
        command = [sys.executable, "-m", "benchmarks.importing", str(rows), "--measure", name]
        done = subprocess.run(  # noqa: S603 - this very program
            command, env=environ, stdout=subprocess.PIPE, text=True, check=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _timed(hub: Hub) -> float:
    began = time.monotonic()
    run_imports(hub)
    return time.monotonic() - began


def _file(kind: Kind, rows: int) -> Iterator[bytes]:
    yield HEADER.encode()
    visited = system_clock().strftime("%d/%m/%Y")
    lines: list[str] = []
    for number in range(rows):
        what = kind(number)
        agreed = "no" if what == "left_out" else "yes"
        phone = "ring twice" if what == "returned" else "07700 900123"
        family = "" if what == "staged" else f"Quill{number}"
        lines.append(
            f'{number},{visited},Harbour,yes,"Has not been out, since the autumn",LON;SHOP,'
            f"{agreed},V7,Agnes,{family},07/11/1938,{phone}\r\n"
        )
        if len(lines) == 1000:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def _map_columns(hub: Hub) -> None:
    admin = _actor(hub, "library-admin")
    words = current("support-referral", "en", hub.clock())
    agencies = frozenset(view_mapping(hub, admin).agencies)
    agreed = AgreedTo(agencies, frozenset(CLASSES), f"{words.id}/{words.version}/{words.language}")
    save_mapping(hub, admin, replace(seed("library"), agreed_to=agreed), over=0)


def _actor(hub: Hub, username: str) -> Actor:
    with hub.database.one_statement() as connection:
        account = staff.for_sign_in(connection, username)
    if account is None:
        raise LookupError(username)
    return Actor(account.id, account.agency_id, Role(account.role))


if __name__ == "__main__":
    sys.exit(main())
