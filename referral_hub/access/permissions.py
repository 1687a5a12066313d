"""The closed list of things a signed-in person, or a partner system, can ask for."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One member for each kind of button or endpoint, named by route table and services."""

    REFER = "refer"
    KEEP_DRAFT = "keep_draft"
    LIST_REFERRALS = "list_referrals"
    READ_REFERRAL = "read_referral"
    VIEW_SENT = "view_sent"
    RECORD_AGREEMENT = "record_agreement"
    WITHDRAW_AGREEMENT = "withdraw_agreement"
    RECORD_DEATH = "record_death"
    CORRECT_FACT = "correct_fact"
    REPLY = "reply"
    LIST_TASKS = "list_tasks"
    READ_TASK = "read_task"
    OPEN_TASK = "open_task"
    ANSWER_TASK = "answer_task"
    ASK = "ask"
    RECORD_CONTACT = "record_contact"
    CLOSE_TASK = "close_task"
    ACKNOWLEDGE = "acknowledge"
    READ_WORK_LIST = "read_work_list"
    SETTLE_NOTIFICATION = "settle_notification"
    USE_EMERGENCY_ACCESS = "use_emergency_access"
    REVIEW_EMERGENCY_ACCESS = "review_emergency_access"
    OVERSEE = "oversee"
    DECIDE_FOR_CHILD = "decide_for_child"
    REPLAY = "replay"
    READ_AUDIT = "read_audit"
    VERIFY_LOG = "verify_log"
    WRITE_BUNDLE = "write_bundle"
    READ_TREE = "read_tree"
    ERASE_PERSON = "erase_person"
    APPRAISE = "appraise"
    MANAGE_STAFF = "manage_staff"
    APPROVE_POLICY = "approve_policy"
    ANSWER_AS_PARTNER = "answer_as_partner"
