"""Feeds of Open Referral UK, good and bad, without a network; and one record to begin with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

from adapters.formats.open_referral.pages import page_of
from adapters.transports.feed import FeedFailed

URL = "https://directory.example"
ROOT = UUID("11111111-1111-5111-8111-111111111111")
Service = dict[str, Any]


def outside(_host: str, _port: int) -> Sequence[str]:
    """A resolver whose every name is a server on the public internet."""
    return ["93.184.216.34"]


def a_service(number: int, **changes: Any) -> Service:
    """A lunch club that is like no other by its id and name."""
    service_id = uuid5(ROOT, str(number))

    def part(name: str) -> str:
        return str(uuid5(service_id, name))

    made: Service = {
        "id": str(service_id),
        "name": f"Lunch club {number}",
        "description": "A hot meal with company, every Wednesday.",
        "status": "active",
        "minimum_age": 60,
        "last_modified": "2026-03-15T10:30:45.123Z",
        "organization": {
            "id": str(uuid5(ROOT, "organization")),
            "name": "Meals in Mereford",
            "description": "A charity.",
        },
        "schedules": [
            {"id": part("schedule"), "freq": "WEEKLY", "byday": "WE", "opens_at": "12:00:00",
             "closes_at": "14:00:00"}
        ],
        "service_at_locations": [
            {"id": part("at"), "location": {
                "id": part("location"), "location_type": "physical", "name": "Church hall",
                "latitude": 53.95 + number / 1000, "longitude": -4.05,
                "accessibility": [{"id": part("access"), "description": "Wheelchair access"}]}}
        ],
        "cost_options": [{"id": part("cost"), "amount": 3.5, "option": "a meal"}],
        "attributes": [
            {"id": part("attribute"), "taxonomy_term": {
                "id": str(uuid5(ROOT, "term")), "name": "Lunch clubs",
                "description": "Meals together", "taxonomy": "esdServiceTypes"}}
        ],
    }  # fmt: skip
    return made | changes


class Feed:
    """Answers as a feed does; `broken` may answer a path in its own way, or raise."""

    def __init__(
        self,
        services: Sequence[Any],
        *,
        size: int = 2,
        broken: Callable[[str, int], bytes | None] | None = None,
    ) -> None:
        self.services, self.size = list(services), size
        self.broken = broken or (lambda _path, _page: None)
        self.asked: list[str] = []

    def get(self, url: str) -> bytes:
        parts = urlsplit(url)
        number = int(parse_qs(parts.query).get("page", ["0"])[0])
        path = parts.path.removeprefix("/services").lstrip("/")
        self.asked.append(f"{path or 'page'} {number}".strip() if number else path)
        odd = self.broken(path, number)
        if odd is not None:
            return odd
        if not path:
            begin = (number - 1) * self.size
            items = [_item(one) for one in self.services[begin : begin + self.size]]
            page = page_of(items, number=number, size=self.size, total=len(self.services))
            return json.dumps(page).encode()
        for one in self.services:
            if isinstance(one, dict) and one.get("id") == path:
                return json.dumps(one).encode()
        raise FeedFailed("not_there")


def _item(service: Any) -> Any:
    if not isinstance(service, dict):
        return service
    return {name: value for name, value in service.items() if not isinstance(value, list)}
