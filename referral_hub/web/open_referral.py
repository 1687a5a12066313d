"""The directory's public API, exactly as the OpenAPI of Open Referral UK 3.0 has it.

GET only, nobody signs in, any site may read it (CORS `*`), and answers may be kept for five
minutes. What cannot be asked is a problem document that names the parameter; a parameter that the
profile does not have is ignored, since caches and validators add their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time
from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from adapters.formats.open_referral.pages import page_of
from adapters.formats.open_referral.writing import about
from referral_hub.domain.listings import DAYS
from referral_hub.errors import InvalidInput
from referral_hub.services import open_referral as service
from referral_hub.services.hub import Hub
from referral_hub.services.open_referral import Query

BASE = "/open-referral/v3"
KEPT_SECONDS = 300
PER_PAGE, MOST_PER_PAGE, LAST_PAGE = 50, 100, 10_000
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {**dict(zip(_NAMES, DAYS, strict=True)), **{day.lower(): day for day in DAYS}}
_LONGEST_SEARCH = 200
_NOTHING = UUID(int=0)


def root(_hub: Hub) -> Response:
    """What this API is."""
    return _answer(about())


def services(hub: Hub) -> Response:
    """A page of services."""
    return _page(
        lambda limit, offset: service.list_services(hub, _query(), limit=limit, offset=offset)
    )


def one_service(hub: Hub, entry_id: UUID) -> Response:
    """A service with everything."""
    return _answer(service.read_service(hub, entry_id))


def places(hub: Hub) -> Response:
    """A page of services at locations."""
    return _page(
        lambda limit, offset: service.list_places(hub, _query(), limit=limit, offset=offset)
    )


def one_place(hub: Hub, place_id: UUID) -> Response:
    """A service at a location with everything."""
    return _answer(service.read_place(hub, place_id))


def taxonomies(hub: Hub) -> Response:
    """A page of taxonomies."""
    return _slice(service.list_taxonomies(hub))


def one_taxonomy(hub: Hub, taxonomy_id: UUID) -> Response:
    """A taxonomy with a page of its terms; a link leads on, since the profile numbers none."""
    number, size = _whole("page", 1, LAST_PAGE), _whole("per_page", MOST_PER_PAGE, MOST_PER_PAGE)
    at = (number - 1) * size
    found, total = service.read_taxonomy(hub, taxonomy_id, limit=size, offset=at)
    answer = _answer(found)
    if at + size < total:
        answer.headers["Link"] = f'<{request.path}?page={number + 1}&per_page={size}>; rel="next"'
    return answer


def terms(hub: Hub) -> Response:
    """A page of terms."""
    return _page(lambda limit, offset: service.list_terms(hub, limit=limit, offset=offset))


def one_term(hub: Hub, term_id: UUID) -> Response:
    """A term."""
    return _answer(service.read_term(hub, term_id))


def _answer(body: object) -> Response:
    response = Response(orjson.dumps(body), mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.cache_control.public = True
    response.cache_control.max_age = KEPT_SECONDS
    response.add_etag()
    response.make_conditional(request)
    return response


def _page(read: Callable[[int, int], service.Listed]) -> Response:
    number, size = _whole("page", 1, LAST_PAGE), _whole("per_page", PER_PAGE, MOST_PER_PAGE)
    found = read(size, (number - 1) * size)
    return _answer(page_of(found.items, number=number, size=size, total=found.total))


def _slice(items: Sequence[Any]) -> Response:
    def read(limit: int, offset: int) -> service.Listed:
        return service.Listed(len(items), items[offset : offset + limit])

    return _page(read)


def _query() -> Query:
    words = request.args.get("search", "").strip()
    if len(words) > _LONGEST_SEARCH or not words.isprintable():
        raise InvalidInput({"search": (f"Use at most {_LONGEST_SEARCH} characters",)})
    day = request.args.get("day")
    if day is not None and day.strip().lower() not in _DAYS:
        raise InvalidInput({"day": ("Use MO, TU, WE, TH, FR, SA or SU",)})
    asked = {
        "words": words or None,
        "term_id": _id("taxonomy_term_id"),
        "taxonomy_id": _id("taxonomy_id"),
        "minimum_age": _number("minimum_age"),
        "maximum_age": _number("maximum_age"),
    }
    return Query(
        asked=asked,
        day=_DAYS[day.strip().lower()] if day is not None else None,
        start=_time("start_time"),
        end=_time("end_time"),
        postcode=request.args.get("postcode"),
        proximity=_number("proximity"),
    )


def _whole(name: str, default: int, most: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) < 1:
        raise InvalidInput({name: ("Use a whole number from 1 up",)})
    if name == "per_page":
        return min(int(given), most)
    if int(given) > most:
        raise InvalidInput({name: (f"Use at most {most}",)})
    return int(given)


def _number(name: str) -> float | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        read = float(given)
    except ValueError:
        read = -1.0
    if not 0 <= read <= 2_000_000:
        raise InvalidInput({name: ("Use a number from 0 up",)})
    return read


def _time(name: str) -> time | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        return time.fromisoformat(given).replace(tzinfo=None)
    except ValueError:
        raise InvalidInput({name: ("Use a time like 09:30",)}) from None


def _id(name: str) -> UUID | None:
    """An id that is none can belong to nothing; the list is then empty, as for any other id."""
    given = request.args.get(name)
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        return _NOTHING
