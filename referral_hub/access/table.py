"""One table: role -> permission -> the situation in which it holds.

A pair that is not written here is refused. Expected outcomes for every pair and situation stand in
`tests/tables/access_outcomes.csv`, for a reader who does not program.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from referral_hub.access.permissions import Permission
from referral_hub.access.predicates import (
    Predicate,
    always,
    is_author,
    is_origin,
    is_origin_or_owner,
    is_owner,
    is_owner_or_recipient,
    is_recipient,
)
from referral_hub.domain.codes import Role

_REFERRER: dict[Permission, Predicate] = {
    Permission.REFER: always,
    Permission.KEEP_DRAFT: is_author,
    Permission.LIST_REFERRALS: always,
    Permission.READ_REFERRAL: is_origin,
    Permission.VIEW_SENT: is_origin,
    Permission.RECORD_AGREEMENT: is_origin,
    Permission.READ_AGREEMENT: is_origin,
    Permission.WITHDRAW_AGREEMENT: is_origin,
    Permission.RECORD_DEATH: is_origin,
    Permission.CORRECT_FACT: is_origin,
    Permission.GIVE_CODE: is_origin,
    Permission.REPLY: is_origin,
    Permission.HANDLE_STAGED: is_recipient,
    Permission.IMPORT_FILE: always,
    Permission.READ_WORK_LIST: always,
    Permission.ACKNOWLEDGE: is_recipient,
    Permission.SETTLE_NOTIFICATION: is_origin,
}
_COORDINATOR: dict[Permission, Predicate] = {
    Permission.KEEP_DRAFT: is_author,
    Permission.LIST_TASKS: always,
    Permission.READ_TASK: is_recipient,
    Permission.OPEN_TASK: is_recipient,
    Permission.ANSWER_TASK: is_recipient,
    Permission.ASK: is_recipient,
    Permission.RECORD_CONTACT: is_recipient,
    Permission.CLOSE_TASK: is_recipient,
    Permission.ACKNOWLEDGE: is_recipient,
    Permission.USE_EMERGENCY_ACCESS: is_recipient,
    Permission.EDIT_SERVICE: always,
}
_COUNCIL_OFFICER: dict[Permission, Predicate] = (
    _REFERRER
    | _COORDINATOR
    | {
        Permission.READ_REFERRAL: is_origin_or_owner,
        Permission.READ_TASK: is_owner_or_recipient,
        Permission.CLOSE_TASK: is_owner_or_recipient,
        Permission.USE_EMERGENCY_ACCESS: is_owner_or_recipient,
        Permission.OVERSEE: always,
        Permission.STEER: is_owner,
        Permission.DECIDE_FOR_CHILD: is_owner,
        Permission.SETTLE_NOTIFICATION: is_origin_or_owner,
        Permission.REPLAY: is_owner,
    }
)
_DATA_PROTECTION_OFFICER: dict[Permission, Predicate] = {
    Permission.KEEP_DRAFT: is_author,
    Permission.READ_AUDIT: always,
    Permission.READ_AGREEMENT: is_origin,
    Permission.WITHDRAW_AGREEMENT: is_origin,
    Permission.CORRECT_FACT: is_origin,
    Permission.VERIFY_LOG: always,
    Permission.WRITE_BUNDLE: always,
    Permission.ERASE_PERSON: always,
    Permission.APPRAISE: always,
    Permission.HANDLE_MATTERS: always,
    Permission.OPEN_FOR_REQUEST: always,
    Permission.WRITE_BREACH_PACK: always,
    Permission.KEEP_REGISTERS: always,
    Permission.REVIEW_EMERGENCY_ACCESS: always,
    Permission.READ_WORK_LIST: always,
    Permission.READ_TREE: always,
}
_AGENCY_ADMIN: dict[Permission, Predicate] = {
    Permission.KEEP_DRAFT: is_author,
    Permission.MANAGE_STAFF: always,
    Permission.EDIT_MAPPING: always,
    Permission.MANAGE_LINKS: always,
    Permission.MANAGE_CLIENTS: always,
    Permission.APPRAISE: always,
    Permission.KEEP_REGISTERS: always,
    Permission.APPROVE_POLICY: always,
    Permission.OPERATE: always,
    Permission.MANAGE_CALLBACKS: always,
    Permission.ARRANGE_FIELDS: always,
    Permission.CHOOSE_REACH: always,
    Permission.KEEP_DIRECTORY: always,
    Permission.EDIT_SERVICE: always,
}
_COMMISSIONER: dict[Permission, Predicate] = {
    Permission.READ_FIGURES: always,
}
_LINK_HOLDER: dict[Permission, Predicate] = {
    Permission.READ_TASK: is_recipient,
    Permission.OPEN_TASK: is_recipient,
    Permission.ANSWER_TASK: is_recipient,
    Permission.ASK: is_recipient,
    Permission.RECORD_CONTACT: is_recipient,
    Permission.CLOSE_TASK: is_recipient,
    Permission.ACKNOWLEDGE: is_recipient,
}
_PERSON: dict[Permission, Predicate] = {
    Permission.READ_OWN_PAGE: is_origin,
    Permission.ASK_AS_PERSON: is_origin,
    Permission.WITHDRAW_AGREEMENT: is_origin,
}
_PARTNER_SYSTEM: dict[Permission, Predicate] = {
    Permission.REFER: always,
    Permission.LIST_REFERRALS: always,
    Permission.READ_REFERRAL: is_origin,
    Permission.RECORD_AGREEMENT: is_origin,
    Permission.WITHDRAW_AGREEMENT: is_origin,
    Permission.LIST_TASKS: always,
    Permission.READ_TASK: is_recipient,
    Permission.OPEN_TASK: is_recipient,
    Permission.ANSWER_AS_PARTNER: is_recipient,
    Permission.READ_TREE: always,
}

TABLE: Mapping[Role, Mapping[Permission, Predicate]] = MappingProxyType(
    {
        Role.REFERRER: MappingProxyType(_REFERRER),
        Role.COORDINATOR: MappingProxyType(_COORDINATOR),
        Role.COUNCIL_OFFICER: MappingProxyType(_COUNCIL_OFFICER),
        Role.DATA_PROTECTION_OFFICER: MappingProxyType(_DATA_PROTECTION_OFFICER),
        Role.AGENCY_ADMIN: MappingProxyType(_AGENCY_ADMIN),
        Role.COMMISSIONER: MappingProxyType(_COMMISSIONER),
        Role.PARTNER_SYSTEM: MappingProxyType(_PARTNER_SYSTEM),
        Role.LINK_HOLDER: MappingProxyType(_LINK_HOLDER),
        Role.PERSON: MappingProxyType(_PERSON),
    }
)
