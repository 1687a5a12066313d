"""The demonstration: a town, its people's sign-ins, and a password that this installation made up.

Nothing of it exists unless `HUB_DEMO` is on, and production refuses that setting. The password is
drawn on the first run and kept, 0600, in the data directory, so a demonstration left open to a
network has no well-known sign-in.
"""

from __future__ import annotations

import os
import secrets
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from consent.model import Article6, Article9, DataClass, Purpose
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.jwks import encryption_key
from referral_hub.crypto.one_time_codes import code_at
from referral_hub.domain.codes import AgencyKind, Role, Transport
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import HubError, NotFound
from referral_hub.services import policies
from referral_hub.services.agencies import owner_url
from referral_hub.services.demo_directory import seed_directory
from referral_hub.services.demo_schemes import BACKUPS, SCHEME_SERVICES
from referral_hub.services.demo_town import (
    ADMINISTRATORS,
    AGENCIES,
    AGREEMENTS,
    AREAS,
    CONTACTS,
    SERVICES,
    STAFF,
    DemoCover,
)
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import CODE_ROLES
from referral_hub.services.staff_accounts import NewMember, new_account
from referral_hub.settings import Settings
from referral_hub.store import change, registers, staff

_YEARS = timedelta(days=3 * 365)
_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heron",
    "islet",
    "jetty",
    "kelp",
    "larch",
    "maple",
    "otter",
]


def seed_demo(hub: Hub) -> None:
    """Fill an empty database with the town; does nothing when there is anything in it already."""
    at = hub.clock()
    with registers.as_owner(owner_url(hub.settings)) as connection:
        if not registers.is_empty(connection):
            return
        ids = {agency.key: new_id(at) for agency in AGENCIES}
        registers.add(
            connection, "agency", [_agency(a.name, a.kind, ids[a.key], at) for a in AGENCIES]
        )
        registers.add(connection, "agency_contact", _contacts(ids, at))
        registers.add(
            connection,
            "area",
            [{"code": c, "name": n, "owner_agency_id": ids["council"]} for c, n in AREAS.items()],
        )
        registers.add(connection, "service", _services(ids, at))
        registers.add(connection, "sharing_agreement", _agreements(ids, at))
        registers.put_endpoint(connection, _partner_endpoint(hub.settings, ids["time_bank"], at))
    password_hash = hub.passwords.hash(demo_password(hub.settings))
    for member in STAFF:
        who = NewMember(member.username, member.display_name, member.role)
        new_account(hub, ids[member.agency], who, password_hash=password_hash, at=at)
    seed_directory(hub)


def approve_demo_policy(hub: Hub) -> None:
    """Let the town's two administrators approve the installed policy, when it is not approved."""
    if policies.standing(hub).may_decide:
        return
    first, second = (_administrator(hub, name) for name in ADMINISTRATORS)
    policies.approve(hub, second, policies.propose(hub, first))


def _administrator(hub: Hub, username: str) -> Actor:
    with hub.database.one_statement() as connection:
        account = staff.for_sign_in(connection, username)
    if account is None:
        raise NotFound
    return Actor(account.id, account.agency_id, Role(account.role))


def sign_in_lines(settings: Settings) -> tuple[str, ...]:
    """Return what `hub run` prints about the demonstration's sign-ins, commands ready to copy."""
    usual = settings.data_dir == Path("var").resolve()
    where = "" if usual else f"HUB_DATA={shlex.quote(str(settings.data_dir))} "
    names = {agency.key: agency.name for agency in AGENCIES}
    lines = [f"Demonstration sign-ins (password for all: {demo_password(settings)})"]
    for member in STAFF:
        code = (
            f"   code: {where}.venv/bin/hub demo-code {member.username}"
            if member.role in CODE_ROLES
            else ""
        )
        lines.append(f"  {member.username:<14} {member.role:<24} {names[member.agency]}{code}")
    return tuple(lines)


def demo_password(settings: Settings) -> str:
    """Return this installation's demonstration password, drawing it on first use."""
    path = settings.data_dir / "demo-password"
    if not path.exists():
        fresh = (
            "-".join(secrets.choice(_WORDS) for _ in range(3))
            + f"-{secrets.randbelow(9000) + 1000}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(fresh)
    return path.read_text(encoding="utf-8").strip()


def demo_code(hub: Hub, username: str) -> str:
    """Return the one-time code that `username` would read off a telephone now.

    Raises HubError outside the demonstration, and for a name without a code.
    """
    if not hub.settings.demo:
        raise HubError("demo-code works only for the demonstration (HUB_DEMO=1).")
    with hub.database.one_statement() as connection:
        account = staff.for_sign_in(connection, username)
    if account is None or account.sealed_totp is None:
        raise HubError("No sign-in of this name needs a code. `make run` lists those that do.")
    return code_at(hub.keys, user_id=str(account.id), sealed=account.sealed_totp, at=hub.clock())


def register_partner(
    hub: Hub, name: str, *, url: str, encryption_jwk: dict[str, Any], signing_jwks: dict[str, Any]
) -> UUID:
    """Register a partner system's address and public keys, with a key entry in the log."""
    at = hub.clock()
    with registers.as_owner(owner_url(hub.settings)) as connection:
        agency_id = registers.agency_named(connection, name)
        if agency_id is None:
            raise NotFound
        registers.put_endpoint(
            connection,
            {
                "agency_id": agency_id,
                "transport": Transport.HTTPS_PUSH.value,
                "url": url,
                "encryption_jwk": encryption_jwk,
                "signing_jwks": signing_jwks,
                "format": "hub_json",
                "addressing": {},
                "pinned": [],
                "plain_since": None,
                "enabled": True,
                "updated_at": at,
            },
        )
    event = Event(
        type=EntryType.KEY,
        sender=agency_id,
        actor_agency=agency_id,
        outcome="registered",
        details={"thumbprint": encryption_key(encryption_jwk).thumbprint},
    )
    with hub.database.one_worker_statement() as connection:
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
    return agency_id


def _agency(name: str, kind: AgencyKind, agency_id: UUID, at: datetime) -> dict[str, Any]:
    return {
        "id": agency_id,
        "name": name,
        "kind": kind.value,
        "active": True,
        "joined_at": at,
        "insured_until": at + _YEARS,
    }


def _contacts(ids: dict[str, UUID], at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(at),
            "agency_id": ids[key],
            "address": address,
            "contact": contact,
            "officer_contact": officer,
            "recorded_at": at,
        }
        for key, (address, contact, officer) in CONTACTS.items()
    ]


def _services(ids: dict[str, UUID], at: datetime) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {
            "id": new_id(at),
            "agency_id": ids[service.agency],
            "name": service.name,
            "description": service.description,
            "needs": [need.value for need in service.needs],
            "areas": list(service.areas),
            "minimum_age": service.minimum_age,
            "maximum_age": service.maximum_age,
            "capacity": service.capacity.value,
            "capacity_as_of": at,
            "wait_days": service.wait_days,
            "languages": list(service.languages),
            "access": [],
            "active": True,
            "cover": [_cover(cover, at) for cover in service.cover],
            "tasks": [task.value for task in service.tasks],
            "manners": [manner.value for manner in service.manners],
            "eligibility": [code.value for code in service.eligibility],
            "exclusions": [code.value for code in service.exclusions],
            "open_people_limit": service.open_people_limit,
            "rest_days": service.rest_days,
            "backup_service_id": None,
            "missed_visit_alarm": False,
        }
        for service in (*SERVICES, *SCHEME_SERVICES)
    ]
    named = {row["name"]: row for row in made}
    for name, other in BACKUPS.items():
        named[name] |= {"backup_service_id": named[other]["id"], "missed_visit_alarm": True}
    return made


def _cover(cover: DemoCover, at: datetime) -> dict[str, Any]:
    until = (at + _YEARS).date().isoformat()
    return {
        "task": cover.task.value,
        "vetting": cover.vetting.value,
        "vetting_until": until,
        "insurance": cover.insured_by.value,
        "insured_until": until,
        "training": [code.value for code in cover.training],
    }


def _agreements(ids: dict[str, UUID], at: datetime) -> list[dict[str, Any]]:
    kinds = {agency.key: agency.kind for agency in AGENCIES}
    return [
        _agreement(ids[sender], ids[recipient], kinds[recipient], at)
        for sender, recipients in AGREEMENTS.items()
        for recipient in recipients
    ]


def _agreement(sender: UUID, recipient: UUID, kind: AgencyKind, at: datetime) -> dict[str, Any]:
    statutory = kind in {AgencyKind.COUNCIL, AgencyKind.GP_PRACTICE}
    article9 = Article9.HEALTH_OR_SOCIAL_CARE if statutory else Article9.EXPLICIT_CONSENT
    evidence = {"public_task_reference": "HSCA-2012-s251B"}
    if statutory:
        evidence["professional_secrecy"] = "DPA-2018-s11"
    return {
        "id": new_id(at),
        "sender_agency_id": sender,
        "recipient_agency_id": recipient,
        "purposes": [Purpose.SUPPORT.value],
        "classes": [item.value for item in DataClass],
        "article6": Article6.PUBLIC_TASK.value,
        "article9": article9.value,
        "evidence": evidence,
        "valid_from": at,
        "valid_until": at + _YEARS,
    }


def _partner_endpoint(settings: Settings, agency_id: UUID, at: datetime) -> dict[str, Any]:
    return {
        "agency_id": agency_id,
        "transport": Transport.HTTPS_PUSH.value,
        "url": f"http://127.0.0.1:{settings.partner_port}/referrals",
        "enabled": True,
        "updated_at": at,
    }
