"""A consent record or receipt as linked data: JSON-LD 1.1 in the terms of the W3C Data Privacy
Vocabulary (DPV 2.3), after its guide to ISO/IEC TS 27560.

The context is embedded, so that nothing is fetched to read one. What DPV has no term for stands
under names of our own (`hub:`); nothing of the record is left out. DPV has terms for articles of
the GDPR of the European Union only, so the articles of the UK GDPR are written as identifiers of a
`dpv:LegalBasis` of the fitting kind; Article 6(1)(e) has two, since DPV keeps its two halves apart.
The profile of a receipt has the name that DPV's schema defines, where its guide lists another. The
limit: this restates `consent.receipt` and adds no fact; it names the person by the hub's opaque id.
"""

from collections.abc import Mapping
from typing import Any

from consent.receipt import Content

PROFILE = "https://w3id.org/dpv/schema/dpv-27560#"
CONTEXT: Content = {
    "@version": 1.1,
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "hub": "urn:referral-hub:terms:",
}
STATES = {
    "requested": "dpv:ConsentRequested",
    "given": "dpv:ConsentGiven",
    "renewed": "dpv:RenewedConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "terminated": "dpv:ConsentRevoked",
    "invalidated": "dpv:ConsentInvalidated",
}
EVENT_TYPES = {
    "explicit": "dpv:ExplicitlyExpressedConsent",
    "expressed": "dpv:ExpressedConsent",
    "implied": "dpv:ImpliedConsent",
}
ARTICLE_6 = {
    "a": ("dpv:Consent",),
    "c": ("dpv:LegalObligation",),
    "d": ("dpv:VitalInterest",),
    "e": ("dpv:PublicInterest", "dpv:OfficialAuthorityOfController"),
    "ea": ("dpv:LegitimateInterest",),
    "f": ("dpv:LegitimateInterest",),
}
OTHER_BASIS = ("dpv:LegalBasis",)
PURPOSES = {"support": "dpv:ServiceProvision"}


def linked(content: Mapping[str, Any]) -> Content:
    """Return a record, or a receipt with its record, as one JSON-LD document."""
    record = _record(content)
    receipt = content.get("receipt")
    if receipt is None:
        return {"@context": CONTEXT, **record}
    record["dpv:hasNotice"]["schema:text"] = _in_language(
        receipt["privacy_notice_text"], content["processing"]["language"]
    )
    return {
        "@context": CONTEXT,
        "@id": _iri("receipt", receipt["receipt_id"]),
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": receipt["receipt_id"],
        "dct:conformsTo": {"@id": f"{PROFILE}receipt"},
        "dct:created": _instant(receipt["issued_at"]),
        "dct:publisher": [_party_id(one) for one in content["processing"]["pii_controllers"]],
        "schema:recipient": _subject(content),
        "dpv:hasRecordOfActivity": record,
    }


def _record(content: Mapping[str, Any]) -> Content:
    header, processing = content["header"], content["processing"]
    parties = {party["party_id"]: party for party in content["party_identification"]}
    notice = processing["privacy_notice"]
    return {
        "@id": _iri("record", header["record_id"]),
        "@type": "dpv:ConsentRecord",
        "dct:identifier": header["record_id"],
        "dct:conformsTo": {"@id": f"{PROFILE}record"},
        "schema:schemaVersion": header["schema_version"],
        "dpv:hasDataSubject": _subject(content),
        "dpv:hasNotice": {
            "@id": _iri("notice", f"{notice['id']}:{notice['version']}:{processing['language']}"),
            "@type": "dpv:ConsentNotice",
            "dct:identifier": notice["id"],
            "schema:version": notice["version"],
            "schema:sha256": notice["sha256"],
            "dct:language": processing["language"],
        },
        "dpv:hasDataController": [
            _party(parties[one], "dpv:DataController") for one in processing["pii_controllers"]
        ],
        "dpv:hasProcess": _process(processing, parties),
        "dpv:hasJurisdiction": _place(processing["jurisdiction"]),
        "dpv:hasConsentControl": [
            {"@type": "dpv:WithdrawConsent", "dct:description": way}
            for way in processing["withdrawal_method"]
        ],
        "dpv:hasRight": [
            {"@type": "dpv:DataSubjectRight", "dct:title": right}
            for right in processing["privacy_rights"]
        ],
        "dpv:hasAuthority": _party(
            parties[processing["authority_party"]], "dpv:DataProtectionAuthority"
        ),
        "dpv:hasConsentStatus": _status(content),
    }


def _process(processing: Mapping[str, Any], parties: Mapping[str, Any]) -> Content:
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": PURPOSES.get(processing["purpose"], "dpv:Purpose"),
            "dct:identifier": processing["purpose"],
            "dct:type": processing["purpose_type"],
        },
        "dpv:hasProcessing": [
            {"@type": "dpv:Collect", "dct:identifier": "collecting"},
            {"@type": "dpv:Share", "dct:identifier": processing["purpose_type"]},
        ],
        "dpv:hasDataSource": {
            "@type": "dpv:DataSource",
            "dct:identifier": processing["collection_method"],
        },
        "dpv:hasPersonalData": [_data(row) for row in processing["pii_information"]],
        "dpv:hasRecipient": [
            _party(parties[one], "dpv:Recipient", "dpv:ThirdParty")
            for one in processing["recipient_third_parties"]
        ],
        "dpv:hasLegalBasis": [basis for row in processing["lawful_basis"] for basis in _bases(row)],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": [_place(one) for one in processing["storage_locations"]],
            },
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {
                    "@type": "xsd:duration",
                    "@value": processing["retention_period"],
                },
            },
        ],
        "dpv:hasLocation": [_place(one) for one in processing["processing_locations"]],
    }


def _data(row: Mapping[str, Any]) -> Content:
    kinds = ["dpv:PersonalData"]
    kinds += ["dpv:SensitivePersonalData"] if row["sensitive_category"] else []
    kinds += ["dpv:SpecialCategoryPersonalData"] if row["special_category"] else []
    return {
        "@type": kinds,
        "dct:identifier": row["pii_type"],
        "skos:prefLabel": row["name"],
        "hub:sensitiveCategory": row["sensitive_category"],
        "hub:specialCategory": row["special_category"],
    }


def _bases(row: Mapping[str, Any]) -> list[Content]:
    """The bases of one recipient: Article 6, Article 9 where needed, and confidentiality."""
    found = [(ARTICLE_6[row["article_6"]], f"uk-gdpr:6-1-{row['article_6']}")]
    if row["article_9"] is not None:
        found.append((OTHER_BASIS, f"uk-gdpr:9-2-{row['article_9']}"))
    found.append((OTHER_BASIS, f"common-law-confidentiality:{row['confidentiality']}"))
    return [
        {
            "@type": list(kinds),
            "dct:identifier": name,
            "dct:source": {"@id": _iri("agreement", row["agreement"])},
            "dpv:hasRecipient": _party_id(row["recipient"]),
        }
        for kinds, name in found
    ]


def _status(content: Mapping[str, Any]) -> Content:
    event = content["event"]
    own = event["given_by"] == "self"
    status = {
        "@type": [STATES[event["event_state"]], EVENT_TYPES[event["event_type"]]],
        "dpv:isIndicatedBy": _subject(content)
        if own
        else {"@type": "dpv:NaturalPerson", "dct:type": event["given_by"]},
        "dpv:hasIndicationMethod": event["method"],
        "dpv:isIndicatedAtTime": _instant(event["event_time"]),
        "dpv:hasDuration": event["validity_duration"],
        "dct:creator": {"@id": _iri("staff", event["entity_id"])},
        "hub:takenBy": event["taken_by"],
        "hub:givenBy": event["given_by"],
        "hub:serviceAgreement": event["service_agreement"],
    }
    if event["proxy_id"] is not None:
        status["dpv:isIndicatedBy"]["dct:identifier"] = event["proxy_id"]
    if event["supersedes"] is not None:
        status["dct:replaces"] = {"@id": _iri("record", event["supersedes"])}
    return status


def _subject(content: Mapping[str, Any]) -> Content:
    principal = content["header"]["pii_principal_id"]
    return {
        "@id": _iri("person", principal),
        "@type": "dpv:DataSubject",
        "dct:identifier": principal,
    }


def _party(party: Mapping[str, Any], *roles: str) -> Content:
    return {
        "@id": _iri("party", party["party_id"]),
        "@type": list(roles),
        "dct:identifier": party["party_id"],
        "dct:type": party["type"],
        "dpv:hasName": party["name"],
        "dpv:hasAddress": party["address"],
        "dpv:hasContact": party["contact"],
    }


def _party_id(party_id: str) -> Content:
    return {"@id": _iri("party", party_id)}


def _place(name: str) -> Content:
    return {"@type": "dpv:Location", "skos:prefLabel": name}


def _instant(value: str) -> Content:
    return {"@type": "xsd:dateTime", "@value": value}


def _in_language(value: str, language: str) -> Content:
    return {"@language": language, "@value": value}


def _iri(kind: str, name: str) -> str:
    return f"urn:referral-hub:{kind}:{name}"
