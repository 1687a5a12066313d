"""Files of visits as agencies export them, their mapping, and the steps of importing one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from consent.notices import current
from referral_hub.clock import system_clock
from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import AgreedTo, CsvMapping
from referral_hub.services.file_imports import confirm_import
from referral_hub.services.hub import Hub
from referral_hub.services.import_mapping import save_mapping, seed, view_mapping
from referral_hub.services.receive_file import receive_file
from referral_hub.services.run_imports import run_imports
from tests.hub_bench import ALL, Bench

VISITED = (system_clock() - timedelta(days=3)).date()
COLUMNS = (
    "ticket_no",
    "visit_date",
    "route",
    "seen",
    "note",
    "need_codes",
    "agreed_to_referral",
    "visitor_id",
    "first_name",
    "family_name",
    "date_of_birth",
    "phone",
    "nhs",
)
VISIT = {
    "ticket_no": "T-1",
    "visit_date": f"{VISITED:%d/%m/%Y}",
    "route": "Harbour",
    "seen": "yes",
    "note": "Has not been out since the autumn",
    "need_codes": "LON",
    "agreed_to_referral": "yes",
    "visitor_id": "V7",
    "first_name": "Agnes",
    "family_name": "Thistlewood",
    "date_of_birth": "07/11/1938",
    "phone": "07700 900123",
    "nhs": "",
}
SECRETS = ("Agnes", "Thistlewood", "autumn", "07700")


def visit(number: int = 1, **changes: str) -> dict[str, str]:
    """A row of a visit, unlike those of other numbers."""
    return {**VISIT, "ticket_no": f"T-{number}", **changes}


def as_csv(
    rows: Iterable[Mapping[str, str]],
    *,
    columns: Iterable[str] = COLUMNS,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> bytes:
    """The rows as a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def library_mapping(bench: Bench, **changes: Any) -> CsvMapping:
    """The library's first mapping, with what its script says when somebody agrees."""
    words = current("support-referral", "en", bench.clock())
    agreed = AgreedTo(
        agencies=frozenset(bench.agencies[key] for key in ("council", "neighbours", "mentors")),
        classes=ALL,
        notice=f"{words.id}/{words.version}/{words.language}",
    )
    first = seed("library")
    made = replace(first, columns={**first.columns, "nhs": "nhs_number"}, agreed_to=agreed)
    return replace(made, **changes)


def set_up(bench: Bench, mapping: CsvMapping | None = None, *, by: str = "library-admin") -> int:
    """Let an agency's administrator save a mapping."""
    actor = bench.staff[by]
    over = view_mapping(bench.hub, actor).version
    return save_mapping(bench.hub, actor, mapping or library_mapping(bench), over=over)


def send(hub: Hub, actor: Actor, data: bytes, *, piece: int = 50_000) -> UUID:
    """Send a file in pieces, as a connection brings it."""
    return receive_file(hub, actor, (data[i : i + piece] for i in range(0, len(data), piece)))


def import_all(bench: Bench, data: bytes, *, by: str = "librarian") -> UUID:
    """Send a file, let it be looked through, say yes, and let it be imported."""
    actor = bench.staff[by]
    import_id = send(bench.hub, actor, data)
    run_imports(bench.hub)
    confirm_import(bench.hub, actor, import_id)
    run_imports(bench.hub)
    return import_id
