"""Every code that a page can show has words, and the table has no words for codes that are not."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path

import pytest

from consent import codes as consent_codes
from referral_hub.domain import (
    channels,
    codes,
    concerns,
    csv_mapping,
    deliveries,
    figures,
    imports,
    links,
    listings,
    matters,
    measures,
    overlooking,
    person_codes,
    person_messages,
    refusals,
    registers,
    retention,
    routing_model,
    staging,
    task_clocks,
    third_parties,
    transitions,
    unfinished,
)
from referral_hub.outbox.breaker import BreakerState
from referral_hub.services.next_steps import NextStep
from referral_hub.services.own_room import CoverKind, RoomState
from referral_hub.services.place import OWNER_CHOOSES
from referral_hub.services.recipient_board import Pile
from referral_hub.services.referrer_board import Shelf
from referral_hub.services.steer import Steering
from referral_hub.services.work_list import Waits
from referral_hub.web import labels as module
from referral_hub.web.forms.changes import Change
from referral_hub.web.forms.deciding import View
from referral_hub.web.forms.matters import Doing
from referral_hub.web.forms.referral import Answer, Until
from referral_hub.web.forms.registers import Direction
from referral_hub.web.forms.take_away import Which
from referral_hub.web.history import owners_reason
from referral_hub.web.labels import Labels

PACKAGES = (
    channels,
    codes,
    deliveries,
    figures,
    measures,
    links,
    listings,
    matters,
    person_codes,
    person_messages,
    refusals,
    registers,
    retention,
    routing_model,
    staging,
    third_parties,
    transitions,
    unfinished,
)
TABLE = tomllib.loads((Path(module.__file__).parent / "labels.toml").read_text(encoding="utf-8"))
ENUMS: tuple[type[StrEnum], ...] = (
    codes.NeedCode,
    codes.ContactMethod,
    codes.AccessNeed,
    codes.Priority,
    codes.Capacity,
    codes.ServiceStatus,
    listings.FeedOutcome,
    listings.Weekday,
    listings.PartOfDay,
    codes.Manner,
    codes.TaskType,
    codes.Span,
    codes.Vetting,
    codes.InsuredBy,
    codes.Training,
    codes.Circumstance,
    codes.DeclineReason,
    codes.ClosingOutcome,
    codes.GiveHelp,
    codes.ReviewOutcome,
    consent_codes.EmergencyCause,
    codes.AuthorityScope,
    codes.StatementKind,
    codes.AgencyKind,
    codes.OutboxKind,
    codes.MessagesBack,
    codes.OutboxState,
    codes.NotificationKind,
    codes.NotificationState,
    codes.Scope,
    codes.Transport,
    codes.Role,
    routing_model.RouteReason,
    transitions.TaskState,
    transitions.TaskEvent,
    transitions.Party,
    task_clocks.TaskClock,
    task_clocks.Step,
    overlooking.Worry,
    overlooking.LookReason,
    Steering,
    links.LinkState,
    channels.Channel,
    channels.Protection,
    person_codes.NoCode,
    person_messages.PersonStep,
    person_messages.Telling,
    deliveries.Way,
    figures.Figure,
    measures.ScoreStage,
    deliveries.ReceiptState,
    BreakerState,
    refusals.Finding,
    registers.Register,
    registers.ItemState,
    registers.ProcessingRole,
    Direction,
    retention.Schedule,
    retention.Appraisal,
    retention.KeepReason,
    retention.KeptBecause,
    retention.LegalHoldReason,
    concerns.Noticed,
    concerns.Said,
    csv_mapping.DateOrder,
    csv_mapping.RowField,
    csv_mapping.MappingFault,
    imports.ImportState,
    imports.ImportRefusal,
    staging.StagedSource,
    staging.StagedState,
    staging.WaitsBecause,
    staging.StagedRejection,
    matters.MatterKind,
    matters.MatterState,
    matters.MatterEvent,
    matters.ClockState,
    matters.Requester,
    matters.Authority,
    matters.IdentityCheck,
    matters.ReceivedBy,
    matters.ExtensionReason,
    matters.RefusalGround,
    matters.HandedOver,
    matters.BreachKind,
    matters.BreachChannel,
    matters.NoNotification,
    matters.NoTelling,
    matters.ComplaintAbout,
    matters.ComplaintOutcome,
    third_parties.Exemption,
    third_parties.Handling,
    unfinished.UnfinishedKind,
    unfinished.FoundBy,
    Doing,
    consent_codes.DataClass,
    consent_codes.Purpose,
    consent_codes.Stage,
    consent_codes.EventState,
    consent_codes.Method,
    consent_codes.GivenBy,
    consent_codes.Clearer,
    NextStep,
    Pile,
    Shelf,
    RoomState,
    CoverKind,
    Waits,
    Change,
    Answer,
    Until,
    View,
    Which,
)


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_every_member_has_words_and_every_word_a_member(kind: type[StrEnum]) -> None:
    assert set(TABLE[kind.__name__]) == {member.value for member in kind}
    assert all(Labels().label(member).strip() for member in kind)


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_a_hint_or_a_colour_belongs_to_a_member(kind: type[StrEnum]) -> None:
    members = {member.value for member in kind}
    for name in TABLE:
        if name.startswith(f"{kind.__name__}.") and not name.endswith(".history"):
            assert set(TABLE[name]) <= members, name


def test_every_enumeration_of_the_domain_is_in_this_test() -> None:
    found = {
        kind.__name__
        for package in PACKAGES
        for kind in vars(package).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
    }
    assert found <= {kind.__name__ for kind in ENUMS}


def test_every_step_and_reason_of_a_matter_has_its_words() -> None:
    taken = {event for _, event in matters.ASKS}
    assert set(TABLE["MatterEvent.do"]) == set(TABLE["MatterEvent.hint"]) == taken
    assert set(TABLE["MatterState.next"]) == set(matters.MatterState)
    reasons = {code for asks in matters.ASKS.values() for code in asks.reasons or ()}
    assert set(TABLE["MatterReason"]) == reasons


def test_every_state_has_a_hint_and_a_colour() -> None:
    states = {state.value for state in transitions.TaskState}
    assert set(TABLE["TaskState.hint"]) == states
    assert set(TABLE["TaskState.colour"]) == states


def test_no_two_codes_of_a_list_read_the_same() -> None:
    for kind in ENUMS:
        words = list(TABLE[kind.__name__].values())
        assert len(words) == len(set(words)), kind.__name__


def test_every_field_of_the_catalogue_has_words() -> None:
    catalogue = tomllib.loads(
        (Path(consent_codes.__file__).parent / "tables" / "fields.toml").read_text("utf-8")
    )
    named = {
        f"{data_class}.{name}"
        for data_class, row in catalogue.items()
        if isinstance(row, dict)
        for name in row["fields"]
    }
    assert named <= set(TABLE["Field"])


def test_a_slots_number_is_not_shown() -> None:
    assert Labels().field("need.needs.3") == Labels().field("need.needs")


def test_a_value_without_words_is_shown_as_it_is() -> None:
    assert Labels().words("some_new_code", "TaskState") == "some new code"


def test_a_referral_that_waits_for_the_council_to_choose_is_said_in_words() -> None:
    words = owners_reason(OWNER_CHOOSES, Labels())
    assert words == TABLE["HistoryReason"][OWNER_CHOOSES] != OWNER_CHOOSES.replace("_", " ")
