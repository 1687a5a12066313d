"""How soon somebody sees the first services near them: 20,000 records, the search of the page."""

from __future__ import annotations

import random  # noqa: TID251 - a seeded run
import time
from statistics import median, quantiles
from uuid import UUID

from benchmarks.town import Town
from referral_hub.domain.codes import AccessNeed, NeedCode
from referral_hub.domain.listings import Listing, PlaceAt, words_table
from referral_hub.services.search_directory import Search, search_directory
from referral_hub.store import directory_sources, listings
from referral_hub.store.listings import Brought

SIZE = 20_000
BATCH = 1_000
_PLACES = ("Mereford", "MF1 2AB", "Harbour", "MF7 3QX")
_TYPED = ("lunch club", "garden", "befrending", "debt advice", "wheelchair", "")


def first_results(town: Town, *, size: int = SIZE, searches: int = 200) -> dict[str, float]:
    """Fill the directory and search it; milliseconds at the median and the 95th percentile."""
    rng = random.Random(5)
    agency_id = town.actor.agency_id
    with town.hub.database.acting_for(agency_id) as connection:
        for start in range(0, size, BATCH):
            made = [(_listing(rng, number), b"-") for number in range(start, start + BATCH)]
            listings.put(connection, Brought(agency_id), made)
    with town.hub.database.working() as connection:
        directory_sources.refresh_words(connection)
    _settle(town)
    seconds = []
    for _ in range(searches):
        search = _search(rng)
        began = time.perf_counter()
        search_directory(town.hub, search)
        seconds.append(time.perf_counter() - began)
    return {
        "directory_records": float(size),
        "directory_search_ms": 1000 * median(seconds),
        "directory_search_p95_ms": 1000 * quantiles(seconds, n=20)[18],
    }


def _settle(town: Town) -> None:
    """Let the server count its rows, as autovacuum does within a minute on a machine at rest."""
    from sqlalchemy import text

    from referral_hub.store.registers import as_owner

    with as_owner(town.hub.settings.database_url or "") as connection:
        connection.execute(text("ANALYZE directory_entry, directory_place, directory_word"))


def _listing(rng: random.Random, number: int) -> Listing:
    needs = rng.sample(list(NeedCode), rng.choice((1, 1, 2)))
    phrases = [rng.choice(words_table()["need"][need]) for need in needs]
    name = f"{' and '.join(phrases)} {rng.choice(('group', 'club', 'service', 'project'))} {number}"
    day = rng.randrange(7) * 1440
    at = PlaceAt(
        UUID(int=rng.getrandbits(128)),
        physical=True,
        latitude=53.95 + rng.gauss(0, 0.3),
        longitude=-4.05 + rng.gauss(0, 0.5),
        postcode=None,
        words="Church hall",
    )
    text = " ".join(rng.choices(("warm", "friendly", "weekly", "local", *phrases), k=60))
    record_id = UUID(int=rng.getrandbits(128))
    return Listing(
        id=record_id,
        record={"id": str(record_id), "name": name, "status": "active", "description": text},
        name=name,
        status="active",
        organization_id=None,
        organization_name=f"Charity {number % 700}",
        words=(name, f"Charity {number % 700}", text),
        needs=tuple(needs),
        access=tuple(rng.sample(list(AccessNeed), 1)),
        languages=("en",) if rng.random() < 0.5 else (),
        minimum_age=rng.choice((None, 16, 18, 60)),
        maximum_age=None,
        free=rng.choice((None, True, False)),
        hours=((day + 540, day + 1020),) if rng.random() < 0.7 else None,
        places=(at,) if rng.random() < 0.9 else (),
        terms=(),
        modified_at=None,
    )


def _search(rng: random.Random) -> Search:
    return Search(
        place=rng.choice(_PLACES),
        miles=rng.choice((1, 3, 5, 10, 25)),
        words=rng.choice(_TYPED),
        needs=frozenset(rng.sample(list(NeedCode), rng.choice((0, 1, 2)))),
        age=rng.choice((None, 17, 45, 80)),
        day=rng.choice((None, "MO", "SA")),
        access=frozenset(rng.sample(list(AccessNeed), rng.choice((0, 0, 1)))),
        language=rng.choice((None, "en", "pl")),
        free=rng.random() < 0.2,
    )
