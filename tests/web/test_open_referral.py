"""The public API validates against the published schemas, and confidential places never leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from sqlalchemy import text

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.listings import NEEDS_TAXONOMY, need_term
from referral_hub.services.demo_schemes import SCHEME_SERVICES
from referral_hub.services.demo_town import SERVICES
from referral_hub.services.directory_import import Reading, import_source
from referral_hub.services.directory_sources import add_source
from referral_hub.services.own_listing import publish
from referral_hub.settings import Quotas
from referral_hub.store import own_services
from referral_hub.web.open_referral import BASE
from referral_hub.web.rates import NAME
from tests.feeds import URL, Feed, a_service, outside

Json = Mapping[str, Any]
ALL = len(SERVICES) + len(SCHEME_SERVICES) + 7  # those of the town, and those of the feed
Ask = Callable[..., Json]
Validates = Callable[[str, object], None]
PAGE = {
    "total_items": int, "total_pages": int, "page_number": int, "size": int,
    "first_page": bool, "last_page": bool, "empty": bool, "contents": list,
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(town: Any) -> Any:
    """The town's own services and a feed of seven."""
    actor = town.actor("council-admin")
    source = add_source(town.hub, actor, "County", URL, resolve=outside)
    services = [a_service(number) for number in range(7)]
    assert import_source(town.hub, actor, source, Reading(pages=Feed(services))).good
    return town


@pytest.fixture(scope="module")
def ask(filled: Any) -> Ask:
    """Ask as anybody's program would, and get JSON."""
    client = filled.app.test_client()

    def asked(path: str, **query: object) -> Json:
        answer = client.get(BASE + path, query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in answer.headers
        return json.loads(answer.get_data())

    return asked


@pytest.fixture(scope="module")
def validates(external_data: Path) -> Validates:
    """Hold an object against a published schema, in which unknown members are none of ours."""
    folder = external_data / "open-referral-uk" / "schema"

    def validate(name: str, thing: object) -> None:
        schema = json.loads((folder / name).read_text("utf-8"))
        if name.startswith("taxonomy"):
            schema["properties"].pop("taxonomy_terms", None)
        checker = Draft202012Validator(schema, format_checker=FormatChecker())
        problems = [f"{list(e.path)}: {e.message}" for e in checker.iter_errors(thing)]
        assert problems == []
        assert isinstance(thing, dict)
        beside = {"location", "service", "taxonomy_terms", "name", "status"}
        assert set(thing) <= set(schema["properties"]) | beside

    return validate


def _page(page: Json) -> list[Any]:
    assert {name: type(value) for name, value in page.items()} == PAGE
    assert page["size"] == len(page["contents"])
    return list(page["contents"])


def test_every_path_of_the_profile_is_there_and_no_more(external_data: Path, filled: Any) -> None:
    path = external_data / "open-referral-uk" / "schema" / "openapi.json"
    paths = json.loads(path.read_text("utf-8"))["paths"]
    ours = {
        rule.rule.removeprefix(BASE).partition("<")[0]
        for rule in filled.app.url_map.iter_rules()
        if rule.rule.startswith(BASE)
    }
    assert ours == {one.partition("{")[0] for one in paths}


def test_services_and_each_of_them_validate(ask: Ask, validates: Validates) -> None:
    listed = _page(ask("/services", per_page=100))
    assert len(listed) == ALL
    for item in listed:
        validates("compiled/service_list.json", item)
        whole = ask(f"/services/{item['id']}")
        validates("compiled/service.json", whole)
        assert {name: whole[name] for name in item if name != "organization"} == {
            name: value for name, value in item.items() if name != "organization"
        }
    assert {"Home library", "Lunch club 3"} <= {item["name"] for item in listed}


def test_places_taxonomies_and_terms_validate(ask: Ask, validates: Validates) -> None:
    for item in _page(ask("/service_at_locations", per_page=100)):
        validates("compiled/service_at_location_list.json", item)
        whole = ask(f"/service_at_locations/{item['id']}")
        for name in ("compiled/service_at_location.json", "compiled/service.json"):
            validates(name, whole)
    taxonomies = _page(ask("/taxonomies"))
    assert [one["name"] for one in taxonomies] == ["Needs of the Referral Hub", "esdServiceTypes"]
    for item in taxonomies:
        validates("taxonomy.json", item)
        whole = ask(f"/taxonomies/{item['id']}")
        for term in whole["taxonomy_terms"]:
            validates("taxonomy_term.json", term)
            assert ask(f"/taxonomy_terms/{term['id']}") == term
    needs = f"/taxonomies/{taxonomies[0]['id']}"
    pages = [ask(needs, per_page=5, page=number)["taxonomy_terms"] for number in (1, 2, 3, 4)]
    assert [term for page in pages for term in page] == ask(needs)["taxonomy_terms"]
    assert list(map(len, pages)) == [5, 5, len(NeedCode) - 10, 0]
    terms = _page(ask("/taxonomy_terms", per_page=100))
    assert len(terms) == len(NeedCode) + 1
    pages = [_page(ask("/taxonomy_terms", per_page=7, page=number)) for number in range(1, 9)]
    assert [term for page in pages for term in page] == terms
    assert ask("/")["version"] == "HSDS-UK-3.0"


def test_pages_are_numbered_and_hold_every_service_once(ask: Ask) -> None:
    pages = [ask("/services", page=number, per_page=ALL // 3 + 1) for number in (1, 2, 3)]
    assert [(page["first_page"], page["last_page"]) for page in pages] == [
        (True, False), (False, False), (False, True)
    ]  # fmt: skip
    ids = [item["id"] for page in pages for item in page["contents"]]
    assert len(ids) == len(set(ids)) == pages[0]["total_items"]
    beyond = ask("/services", page=99)
    assert (beyond["empty"], beyond["total_items"]) == (True, ALL)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "lunch clubs"}, 9),
        ({"search": '"hot meal" -library'}, 7),
        ({"search": "'); DROP TABLE service; --"}, 0),
        ({"minimum_age": 18}, 21),
        ({"minimum_age": 60.5}, 0),
        ({"maximum_age": 30}, 1),
        ({"day": "WE"}, 13),
        ({"day": "sunday"}, 0),
        ({"day": "WE", "start_time": "11:00", "end_time": "14:00"}, 8),
        ({"start_time": "17:00"}, 0),
        ({"taxonomy_term_id": str(need_term(NeedCode.HOME_SAFETY))}, 1),
        ({"taxonomy_id": str(NEEDS_TAXONOMY)}, 22),
        ({"taxonomy_term_id": "nothing"}, 0),
        ({"cache_buster": "1"}, ALL),
    ],
)
def test_services_are_found_by_the_profiles_parameters(
    ask: Ask, query: dict[str, Any], found: int
) -> None:
    page = ask("/services", **query)
    assert page["total_items"] == found, [item["name"] for item in page["contents"]]


def test_places_are_found_around_a_postcode(ask: Ask) -> None:
    def names(**query: object) -> set[str]:
        page = ask("/service_at_locations", postcode="mf1 2lb", per_page=100, **query)
        return {item["service"]["name"] for item in page["contents"]}

    assert names(proximity=200) == {"Adult care front door", "Home library"}
    assert "Lunch club 1" in names(proximity=480)
    assert "Safe and well visit" in names(proximity=5_000)
    assert "Valley lunch club" not in names()


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/services", {"page": "0"}, "page"),
        ("/services", {"page": "two"}, "page"),
        ("/services", {"page": "99999999"}, "page"),
        ("/services", {"per_page": "-1"}, "per_page"),
        ("/services", {"minimum_age": "nan"}, "minimum_age"),
        ("/services", {"day": "someday"}, "day"),
        ("/services", {"start_time": "25:00"}, "start_time"),
        ("/services", {"search": "x" * 201}, "search"),
        ("/services", {"search": "a\x00b"}, "search"),
        ("/service_at_locations", {"postcode": "ZZ1 1ZZ"}, "postcode"),
        ("/service_at_locations", {"postcode": "MF1 2LB", "proximity": "far"}, "proximity"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_that_names_it(
    filled: Any, path: str, query: dict[str, str], name: str
) -> None:
    answer = filled.app.test_client().get(BASE + path, query_string=query)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert [one["pointer"].lstrip("#/") for one in answer.get_json()["errors"]] == [name]


def test_an_unknown_id_is_a_problem_and_an_unchanged_page_need_not_come_again(filled: Any) -> None:
    client = filled.app.test_client()
    missing = client.get(f"{BASE}/services/{NEEDS_TAXONOMY}")
    assert (missing.status_code, missing.mimetype) == (404, "application/problem+json")
    first = client.get(f"{BASE}/services")
    again = client.get(f"{BASE}/services", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_a_confidential_location_leaves_by_no_path(filled: Any, ask: Ask) -> None:
    """A refuge keeps its address, its postcode and its coordinates; that it is there is said."""
    admin = filled.actor("library-admin")
    with filled.hub.database.acting_for(admin.agency_id) as connection:
        service_id = own_services.of_agency(connection, admin.agency_id)[0]["id"]
        own_services.put_details(
            connection, admin.agency_id, service_id,
            {"venue": "Zq House", "address": "9 Zq Street", "town": "Mereford",
             "county": None, "postcode": "MF1 9ZQ"},
        )  # fmt: skip
        own_services.change(
            connection, admin.agency_id, service_id,
            {"latitude": 53.123456, "longitude": -4.123456, "location_confidential": True},
        )  # fmt: skip
        publish(connection, admin.agency_id, service_id, filled.hub.clock())
    everything = [ask(path, per_page=100) for path in ("/services", "/service_at_locations")]
    everything.append(ask(f"/services/{service_id}"))
    told = json.dumps(everything)
    assert str(service_id) in told
    assert not [secret for secret in ("Zq", "9ZQ", "53.123", "4.123") if secret in told]
    with filled.hub.database.working() as connection:
        for table in ("directory_entry", "directory_place"):
            rows = connection.execute(text(f"SELECT {table}::text FROM {table}")).scalars().all()  # noqa: S608 - names from this test
            assert not any("Zq" in row or "53.123" in row for row in rows)


@pytest.mark.parametrize("path", [f"{BASE}/services", f"{BASE}/taxonomy_terms", "/near-me"])
def test_an_address_may_read_so_often_in_a_minute(
    filled: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filled.app.extensions[NAME], "quotas", Quotas(address=0))
    answer = filled.app.test_client().get(path)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
