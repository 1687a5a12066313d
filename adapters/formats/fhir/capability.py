"""The CapabilityStatement: what this server does, and nothing that it does not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.formats.fhir import codes
from adapters.formats.fhir.writing import instant

_TASK_SEARCH = (
    ("status", "token"),
    ("_id", "token"),
    ("_lastUpdated", "date"),
    ("focus", "reference"),
)
_TEXT = (
    "OAuth 2.0 client credentials with private_key_jwt (RFC 7523); the token endpoint stands in "
    "/.well-known/oauth-authorization-server. JSON only."
)

_SECURITY = {
    "cors": False,
    "service": [
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                    "code": "OAuth",
                }
            ]
        }
    ],
    "description": _TEXT,
}


def capability_statement(*, base: str, software_version: str, date: datetime) -> dict[str, Any]:
    """The statement of a server whose FHIR address is `base`."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "name": "ReferralHub",
        "title": "Referral Hub",
        "status": "active",
        "date": instant(date),
        "kind": "instance",
        "software": {"name": "Referral Hub", "version": software_version},
        "implementation": {"description": "Referrals to services that help", "url": base},
        "fhirVersion": codes.FHIR_VERSION,
        "format": [codes.CONTENT_TYPE],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "security": _SECURITY,
                "resource": [
                    _resource("ServiceRequest", ("create", "read")),
                    _resource("Task", ("read", "search-type", "patch"), search=_TASK_SEARCH),
                ],
                "operation": [
                    {
                        "name": "process-message",
                        "definition": "http://hl7.org/fhir/OperationDefinition/"
                        "MessageHeader-process-message",
                    }
                ],
            }
        ],
        "messaging": [
            {
                "supportedMessage": [
                    {
                        "mode": "receiver",
                        "definition": f"{codes.MESSAGE_DEFINITION}{one}",
                    }
                    for one in (
                        "servicerequest-request-referral",
                        "servicerequest-response-referral",
                    )
                ]
            }
        ],
    }


def _resource(
    name: str, interactions: tuple[str, ...], *, search: tuple[tuple[str, str], ...] = ()
) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": name,
        "supportedProfile": [f"{codes.UK_CORE}{name}"],
        "interaction": [{"code": one} for one in interactions],
        "versioning": "versioned",
    }
    if search:
        written["searchParam"] = [{"name": name, "type": kind} for name, kind in search]
    return written
