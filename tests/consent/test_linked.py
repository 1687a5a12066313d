"""A consent record as linked data, read by a reader that is not ours: every field is a triple."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rdflib import DCTERMS, RDF, SDO, SKOS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from consent.codes import (
    Article6,
    DataClass,
    EventState,
    EventType,
    GivenBy,
    Method,
    Purpose,
)
from consent.linked import ARTICLE_6, EVENT_TYPES, PURPOSES, STATES, linked
from consent.notices import notice
from consent.receipt import consent_receipt, consent_record
from tests.consent.examples import NOON, a_consent, an_agreement, an_ending
from tests.consent.test_receipt import AROUND, WORDS, a_party, a_record
from tests.consent.triples import graph_of

DPV = Namespace("https://w3id.org/dpv#")
DCT = Namespace("http://purl.org/dc/terms/")
W3ID = "https://w3id.org/dpv"
LED_TO = {str(RDF.type): "class", str(DCTERMS.conformsTo): "profile"}
NO_ROW = {"its values are": ""}
TABLES = Path(__file__).parents[1] / "tables"
GOLDEN = Path(__file__).parent / "golden"


def rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def a_receipt(**changes: Any) -> Any:
    record = consent_record(a_consent(**changes), WORDS, AROUND)
    return consent_receipt(record, WORDS, receipt_id="receipt-1", issued_at=NOON)


def one(graph: Graph, kind: URIRef) -> Node:
    (found,) = graph.subjects(RDF.type, kind)
    return found


def written(node: Node) -> str:
    return str(node)


@pytest.mark.parametrize(
    "row",
    rows("consent_record_fields.csv"),
    ids=lambda row: f"{row['where in the JSON']}.{row['field']}",
)
def test_each_field_of_the_specification_is_in_the_json_and_is_a_triple(
    row: dict[str, str],
) -> None:
    receipt = a_receipt()
    at: Any = receipt
    for part in row["where in the JSON"].split("."):
        at = at[part]
    holders = at if isinstance(at, list) else [at]
    assert all(row["field"] in holder for holder in holders)
    graph = graph_of(linked(receipt))
    property_, value = (
        URIRef(row["RDF property that carries it"]),
        row["example value of it"],
    )
    assert value in {written(found) for found in graph.objects(None, property_)}


def test_no_field_of_the_record_lacks_its_row_in_the_table() -> None:
    listed = {row["field"] for row in rows("consent_record_fields.csv")}
    record = a_record()
    named = set(record["header"]) | set(record["processing"]) | set(record["event"])
    named |= {key for party in record["party_identification"] for key in party}
    assert named - listed == {"proxy_id", "supersedes"}  # only of some events; tested below


def documents() -> Iterator[Any]:
    """A receipt or record for every code that decides about a term."""
    for state in EventState:
        for kind in EventType:
            changes: dict[str, Any] = {"state": state, "event_type": kind}
            yield linked(a_receipt(**changes, given_by=GivenBy.PARENT))
    for article in Article6:
        sharing = tuple(replace(one, article6=article) for one in AROUND.agreements)
        around = replace(AROUND, agreements=sharing)
        yield linked(consent_record(a_consent(), WORDS, around))
    for purpose in Purpose:
        sharing = tuple(replace(one, purposes=frozenset(Purpose)) for one in AROUND.agreements)
        around = replace(AROUND, agreements=sharing)
        event = a_consent(purpose=purpose, classes=frozenset(DataClass))
        yield linked(consent_record(event, WORDS, around))
    yield linked(a_record(an_ending(EventState.WITHDRAWN, supersedes="consent")))


def test_every_iri_that_is_written_is_in_the_reviewed_table_and_every_row_is_used() -> None:
    reviewed = {row["iri"]: row["kind"] for row in rows("dpv_terms.csv")}
    used: dict[str, str] = {}
    for document in documents():
        for _, property_, value in graph_of(document):
            used[str(property_)] = "property"
            if isinstance(value, URIRef):
                used[str(value)] = LED_TO.get(str(property_), "own")
            elif isinstance(value, Literal) and value.datatype:
                used[str(value.datatype)] = "datatype"
    ours = {iri for iri in used if iri.startswith("urn:referral-hub:")}
    assert {iri: kind for iri, kind in used.items() if iri not in ours} == reviewed


def test_the_reviewed_terms_of_other_vocabularies_are_in_them() -> None:
    closed = (SDO, DCTERMS, SKOS, XSD, RDF)
    others = [row["iri"] for row in rows("dpv_terms.csv") if not row["iri"].startswith(W3ID)]
    assert len(others) > 15
    for iri in others:
        assert any(URIRef(iri) in vocabulary for vocabulary in closed), iri


def test_what_a_property_leads_to_is_of_the_kind_that_the_vocabulary_says() -> None:
    table = {row["iri"]: row for row in rows("dpv_terms.csv")}
    looked_at = 0
    for document in documents():
        graph = graph_of(document)
        for _, property_, value in graph:
            wanted = set(table.get(str(property_), NO_ROW)["its values are"].split())
            kinds = [str(kind) for kind in graph.objects(value, RDF.type)]
            if not wanted or not kinds:
                continue
            reached = {kind.rpartition("#")[2] for kind in kinds}
            reached |= {one for kind in kinds for one in table[kind]["wider terms"].split()}
            assert wanted & reached, (str(property_), kinds)
            looked_at += 1
    assert looked_at > 100


def test_every_code_has_its_term() -> None:
    assert set(STATES) == set(EventState)
    assert set(EVENT_TYPES) == set(EventType)
    assert set(ARTICLE_6) == set(Article6)
    assert set(PURPOSES) <= set(Purpose)


def test_a_receipt_leads_to_its_record_and_the_record_to_what_it_is_about() -> None:
    graph = graph_of(linked(a_receipt()))
    receipt = URIRef("urn:referral-hub:receipt:receipt-1")
    record = URIRef("urn:referral-hub:record:consent")
    assert one(graph, DPV.ConsentReceipt) == receipt
    assert graph.value(receipt, DPV.hasRecordOfActivity) == record
    assert graph.value(record, DPV.hasDataSubject) == URIRef("urn:referral-hub:person:person")
    process = graph.value(record, DPV.hasProcess)
    assert graph.value(process, DPV.hasRecipient) == URIRef("urn:referral-hub:party:time_bank")
    notice = graph.value(record, DPV.hasNotice)
    told = graph.value(notice, URIRef("https://schema.org/text"))
    assert told == Literal(WORDS.text, lang="en")
    (created,) = graph.objects(receipt, DCT.created)
    assert isinstance(created, Literal)
    assert created.toPython() == NOON


def test_a_record_alone_is_a_record_and_no_receipt() -> None:
    graph = graph_of(linked(a_record()))
    assert one(graph, DPV.ConsentRecord) == URIRef("urn:referral-hub:record:consent")
    assert not list(graph.subjects(RDF.type, DPV.ConsentReceipt))


def test_sensitive_and_special_kinds_are_classes_and_others_are_not() -> None:
    classes = frozenset({DataClass.NEED, DataClass.HEALTH})
    graph = graph_of(linked(a_record(a_consent(classes=classes))))

    def named(kind: URIRef) -> set[str]:
        return {
            str(graph.value(subject, DCT.identifier)) for subject in graph.subjects(RDF.type, kind)
        }

    assert named(DPV.PersonalData) == {"need", "health"}
    assert named(DPV.SpecialCategoryPersonalData) == {"health"}
    assert named(DPV.SensitivePersonalData) == {"health"}


def test_the_three_bases_stay_apart_by_recipient() -> None:
    graph = graph_of(linked(a_record()))
    process = one(graph, DPV.Process)
    bases = list(graph.objects(process, DPV.hasLegalBasis))
    named = sorted(str(graph.value(basis, DCT.identifier)) for basis in bases)
    assert named == [
        "common-law-confidentiality:explicit_consent",
        "common-law-confidentiality:explicit_consent",
        "uk-gdpr:6-1-a",
        "uk-gdpr:6-1-e",
        "uk-gdpr:9-2-h",
    ]
    assert all(graph.value(basis, DPV.hasRecipient) for basis in bases)


def test_somebody_who_spoke_for_the_person_is_not_the_person() -> None:
    event = a_consent(given_by=GivenBy.ATTORNEY, proxy_id="authority-1")
    graph = graph_of(linked(consent_record(event, WORDS, AROUND)))
    status = next(graph.objects(None, DPV.hasConsentStatus))
    by = graph.value(status, DPV.isIndicatedBy)
    assert graph.value(by, DCT.identifier) == Literal("authority-1")
    assert graph.value(by, DCT.type) == Literal("attorney")
    assert (by, RDF.type, DPV.DataSubject) not in graph


def test_an_ending_says_what_it_replaces() -> None:
    graph = graph_of(linked(a_record(an_ending(EventState.WITHDRAWN, supersedes="consent"))))
    status = next(graph.objects(None, DPV.hasConsentStatus))
    assert (status, RDF.type, DPV.ConsentWithdrawn) in graph
    assert graph.value(status, DCT.replaces) == URIRef("urn:referral-hub:record:consent")


def the_golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def a_receipt_through_an_attorney() -> Any:
    """Two controllers, two recipients, three bases, Welsh words, and a consent that was renewed."""
    event = a_consent(
        id="renewal",
        state=EventState.RENEWED,
        event_type=EventType.EXPRESSED,
        classes=frozenset({DataClass.NEED, DataClass.HEALTH, DataClass.RISK}),
        recipients=frozenset({"time_bank", "library"}),
        notice_language="cy",
        method=Method.PHONE,
        given_by=GivenBy.ATTORNEY,
        proxy_id="authority",
        supersedes="consent",
    )
    around = replace(
        AROUND,
        controllers=(a_party("surgery", "gp_practice"), a_party("trust", "council")),
        agreements=(an_agreement(), an_agreement(id="lending", recipient_id="library")),
        storage_locations=("London", "Cardiff"),
        processing_locations=("Wales",),
    )
    words = notice("support-referral", "2", "cy")
    record = consent_record(event, words, around)
    return linked(consent_receipt(record, words, receipt_id="receipt-1", issued_at=NOON))


def a_record_of_the_person_s_own_answer() -> Any:
    around = replace(
        AROUND, agreements=(an_agreement(article6=Article6.RECOGNISED_INTEREST, article9=None),)
    )
    event = a_consent(purpose=Purpose.SUPPORT, classes=frozenset({DataClass.CONTACT}))
    return linked(consent_record(event, WORDS, around))


@pytest.mark.parametrize(
    ("document", "golden"),
    [
        (a_receipt_through_an_attorney, "receipt_through_an_attorney.jsonld"),
        (a_record_of_the_person_s_own_answer, "record_of_own_answer.jsonld"),
    ],
    ids=["receipt", "record"],
)
def test_the_whole_document_is_the_reviewed_one_and_none_of_it_is_lost_to_a_reader(
    document: Callable[[], Any], golden: str
) -> None:
    made = document()
    assert made == the_golden(golden)
    nodes = {str(node) for triple in graph_of(made) for node in triple}
    read = {node.replace("+00:00", "Z") for node in nodes}  # the reader has its own spelling
    assert set(sayings(made)) <= read


def sayings(part: Any) -> Iterator[str]:
    """Every text of a document that is a value: what is said, without names and terms."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name not in ("@context", "@type", "@language"):
                yield from sayings(value)
    elif isinstance(part, list):
        for one in part:
            yield from sayings(one)
    elif isinstance(part, str):
        yield part
