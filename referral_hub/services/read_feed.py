"""Reading every record of a feed or a file, cleaned, into a spool: nothing is changed meanwhile.

The list of a feed gives services without their parts, so each is asked for by its id, unless its
feed says that it has not changed since the last time. A feed that breaks on the way, repeats
itself, never ends, or is no feed at all raises `FeedBroken`, and the directory keeps what it has.
One record that cannot be read is reported by its id and keeps its last good version.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson

from adapters.contract import FormatError
from adapters.formats.open_referral.pages import read_page, records_in
from adapters.formats.open_referral.reading import Read, read_service
from adapters.transports.feed import FeedFailed
from referral_hub.clock import monotonic
from referral_hub.domain.listings import FeedOutcome
from referral_hub.store.listings import Known

MOST_RECORDS = 50_000
MOST_PAGES = 5_000
MOST_PROBLEMS = 200
PER_PAGE = 100
IN_MEMORY = 8 * 1024 * 1024
CHUNK = 65_536
FACTS_VERSION = b"1 "  # count up when `domain.listings` makes other facts of the same record
LONGEST_READ_SECONDS = 3 * 60 * 60.0


class Pages(Protocol):
    """What reads one page: `adapters.transports.feed.FeedReader`."""

    def get(self, url: str) -> bytes:
        """The body. Raises FeedFailed."""


class FeedBroken(Exception):
    """The source as a whole cannot be used. `outcome` says why."""

    def __init__(self, outcome: FeedOutcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass(slots=True)
class Spool:
    """What was read: cleaned records in a file, ids that stay as they are, and problems."""

    known: Mapping[UUID, Known]
    file: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed by `close`
    seen: set[UUID] = field(default_factory=set)
    kept: set[UUID] = field(default_factory=set)
    problems: list[dict[str, str]] = field(default_factory=list)
    read: int = 0
    refused: int = 0
    spooled: int = 0

    def close(self) -> None:
        """Give the file back."""
        self.file.close()

    def add(self, raw: Any, where: str) -> None:
        """Clean one record and keep it, or report it."""
        self._count()
        try:
            cleaned = read_service(raw)
        except FormatError as problem:
            self.refuse(raw, where, str(problem))
            return
        self._keep(cleaned)

    def refuse(self, raw: Any, where: str, why: str) -> None:
        """Report a record; what is held of it stays."""
        self.refused += 1
        found = _id_of(raw)
        if found is not None:
            self.seen.add(found)
            if found in self.known:
                self.kept.add(found)
        self.report(str(found) if found else where, why, serious=True)

    def unchanged(self, record_id: UUID) -> None:
        """Keep a record of which the feed says that it has not changed."""
        self._count()
        self.seen.add(record_id)
        self.kept.add(record_id)

    def report(self, record: str, what: str, *, serious: bool) -> None:
        """Add to the report, as far as it goes."""
        if len(self.problems) < MOST_PROBLEMS:
            level = "refused" if serious else "left_out"
            self.problems.append({"record": record, "what": what[:300], "level": level})

    def records(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield each spooled record and its digest."""
        self.file.seek(0)
        for line in self.file:
            yield orjson.loads(line), digest_of(line.rstrip(b"\n"))

    def _count(self) -> None:
        self.read += 1
        if self.read > MOST_RECORDS:
            raise FeedBroken(FeedOutcome.ENDLESS)

    def _keep(self, cleaned: Read) -> None:
        record_id = UUID(cleaned.record["id"])
        if record_id in self.seen:
            self.refused += 1
            self.report(str(record_id), "id: stands in the feed twice", serious=True)
            return
        self.seen.add(record_id)
        for member, why in cleaned.left_out:
            self.report(str(record_id), f"{member}: {why}", serious=False)
        line = orjson.dumps(cleaned.record, option=orjson.OPT_SORT_KEYS)
        held = self.known.get(record_id)
        if held is not None and held.digest == digest_of(line):
            self.kept.add(record_id)
            return
        self.spooled += 1
        self.file.write(line + b"\n")


def digest_of(line: bytes) -> bytes:
    """Return what tells whether a record, or the way its facts are made, has changed."""
    return hashlib.sha256(FACTS_VERSION + line).digest()


def read_file(path: Path, spool: Spool) -> None:
    """Read a file of services, however large. Raises FeedBroken."""
    lines = path.suffix.lower() in {".ndjson", ".jsonl"}
    with path.open("rb") as file:
        try:
            for number, raw in enumerate(records_in(_chunks(file), lines=lines), start=1):
                try:
                    spool.add(orjson.loads(raw), f"record {number}")
                except ValueError:
                    spool.read += 1
                    spool.refuse(None, f"record {number}", "record: must be JSON")
        except FormatError:
            raise FeedBroken(FeedOutcome.NOT_A_FEED) from None


def read_feed(url: str, pages: Pages, spool: Spool) -> None:
    """Read every page of `<url>/services`, and each record that changed. Raises FeedBroken."""
    base = url.rstrip("/").removesuffix("/services")
    until = monotonic() + LONGEST_READ_SECONDS
    for number in range(1, MOST_PAGES + 1):
        asked = urlencode({"page": number, "per_page": PER_PAGE})
        try:
            page = read_page(_get(pages, f"{base}/services?{asked}"), number)
        except FormatError:
            raise FeedBroken(FeedOutcome.NOT_A_FEED) from None
        before = len(spool.seen)
        for index, item in enumerate(page.records, start=1):
            if monotonic() > until:
                raise FeedBroken(FeedOutcome.TOO_LONG)
            _item(base, item, f"page {number}, item {index}", pages=pages, spool=spool)
        if page.last:
            return
        if len(spool.seen) == before:
            raise FeedBroken(FeedOutcome.ENDLESS)
    raise FeedBroken(FeedOutcome.ENDLESS)


def _item(base: str, item: Any, where: str, *, pages: Pages, spool: Spool) -> None:
    found = _id_of(item)
    if found is None or found in spool.seen:
        spool.add(item, where)
        return
    held = spool.known.get(found)
    if held is not None and held.modified_at and held.modified_at == _modified(item):
        spool.unchanged(found)
        return
    try:
        whole = orjson.loads(pages.get(f"{base}/services/{quote(str(item['id']))}"))
    except FeedFailed as failed:
        if failed.code in {"not_there", "too_large"}:
            spool.read += 1
            spool.refuse(item, where, f"record: {failed.code.replace('_', ' ')}")
            return
        raise FeedBroken(FeedOutcome(failed.code)) from None
    except ValueError:
        spool.read += 1
        spool.refuse(item, where, "record: must be JSON")
        return
    if _id_of(whole) != found:
        spool.read += 1
        spool.refuse(item, where, "id: is another one than the list says")
        return
    spool.add(whole, where)


def _get(pages: Pages, url: str) -> bytes:
    try:
        return pages.get(url)
    except FeedFailed as failed:
        raise FeedBroken(FeedOutcome(failed.code)) from None


def _id_of(raw: Any) -> UUID | None:
    given = raw.get("id") if isinstance(raw, Mapping) else None
    try:
        return UUID(given) if isinstance(given, str) and len(given) == 36 else None
    except ValueError:
        return None


def _modified(item: Mapping[str, Any]) -> datetime | None:
    given = item.get("last_modified")
    try:
        read = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return read if read and read.tzinfo else None


def _chunks(file: IO[bytes]) -> Iterable[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
