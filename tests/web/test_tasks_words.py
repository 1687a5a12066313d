"""Every code that a recipient or the council can meet has words, and so have opened fields."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from importlib.resources import files

import pytest

from consent.codes import HoldReason, RefusalReason
from consent.model import Clearer, DataClass
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.domain.transitions import TaskEvent, TaskState
from referral_hub.services.next_steps import NextStep
from referral_hub.services.record_scores import KINDS
from referral_hub.web.answers import QUESTIONS
from referral_hub.web.history import delivery_words, owners_reason, recipients_reason
from referral_hub.web.labels import Labels
from referral_hub.web.opened import sections

TABLES = tomllib.loads(files("referral_hub.web").joinpath("labels.toml").read_text("utf-8"))
MORE = {
    "TaskEvent.history": (
        *("place", "hold", "deliver_accepted", "deliver_corrected"),
        *("remind", "escalate", "due", "inquire"),
    ),
    "AnswerDone": ("acknowledge", "scores"),
}
NOTE_KINDS = ("question", "answer", "accepted", "declined", "outcome", "steered", *KINDS.values())
CONSENT_REASONS = [*RefusalReason, *HoldReason]


@pytest.fixture(scope="module")
def labels() -> Labels:
    return Labels()


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (TaskState, "TaskState.received"),
        (TaskState, "TaskState.received_hint"),
        (TaskState, "TaskState.overseen"),
        (NextStep, "NextStep.received"),
        (NextStep, "NextStep.overseen"),
        (DataClass, "DataClass.received"),
        (Clearer, "Clearer.received"),
        (Clearer, "Clearer.overseen"),
        (TaskEvent, "TaskEvent.history"),
    ],
)
def test_every_member_has_words_for_its_readers(
    labels: Labels, codes: type[StrEnum], kind: str
) -> None:
    assert set(TABLES[kind]) == {code.value for code in codes} | set(MORE.get(kind, ()))
    assert all(labels.words(code.value, kind) == TABLES[kind][code.value] for code in codes)


def test_every_note_has_words() -> None:
    assert set(TABLES["NoteKind"]) == set(NOTE_KINDS)


@pytest.mark.parametrize("kind", ["AnswerLink", "AnswerLink.working", "AnswerDone"])
def test_every_answer_has_a_link_and_a_word_afterwards(kind: str) -> None:
    words = {question.event.value for question in QUESTIONS.values()} | set(MORE.get(kind, ()))
    assert set(TABLES[kind]) == words


@pytest.mark.parametrize("reason", [*CONSENT_REASONS, *DeclineReason, *ClosingOutcome, "told"])
def test_the_owner_reads_every_reason_as_a_sentence(labels: Labels, reason: str) -> None:
    words = owners_reason(reason, labels)
    assert words
    assert words != reason.replace("_", " ")
    assert "{" not in words


@pytest.mark.parametrize("reason", CONSENT_REASONS)
def test_a_recipient_reads_only_its_own_omissions_or_neutral_words(
    labels: Labels, reason: str
) -> None:
    told = recipients_reason(reason, labels)
    if told.clearer is Clearer.RECIPIENT_AGENCY:
        omissions = {"recipient_key_missing", "recipient_uninsured"}
        assert reason in omissions or reason.startswith("emergency_")
    else:
        neutral = {labels.words(kind, "Withheld") for kind in ("arrangement", "other")}
        assert told.missing in neutral


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "The reason was not recorded"),
        ("http_503", "Their system answered with an error (503)"),
        ("timeout", "Their system did not answer in time"),
        ("plan_exhausted", "There is nobody left to ask. Take it yourself"),
        ("consent_withdrawn", "The person has withdrawn their consent"),
        ("something_new", "something new"),
    ],
)
def test_a_delivery_s_last_code_is_explained(labels: Labels, code: str | None, words: str) -> None:
    assert delivery_words(code, labels) == words


def test_fields_are_read_in_words_and_in_a_reader_s_order(labels: Labels) -> None:
    fields = {
        "need.needs": ["lonely", "lifts"],
        "access_needs.access": {
            "needs": ["bsl", "key_safe"],
            "note": "Key under the pot\nat the back",
        },
        "access_needs.language": {"tag": "cy", "interpreter": True},
        "identity.nhs_number": "9990000018",
        "identity.first_name": "Ann",
        "identity.date_of_birth": "1948-03-27",
        "contact.preferences": {"preferred": ["phone", "text"], "never": [], "note": None},
        "contact.area": "MF-HAR",
        "health.why": "Widowed",
    }
    found = sections(fields, labels, {"MF-HAR": "Harbour"})
    assert [
        (section.heading, [(line.label, line.values) for line in section.lines])
        for section in found
    ] == [
        (
            "Who they are",
            [
                ("First name", ("Ann",)),
                ("Date of birth", ("27 March 1948",)),
                ("NHS number", ("999 000 0018",)),
            ],
        ),
        (
            "How to contact them",
            [
                ("Area", ("Harbour",)),
                ("How to make contact", ("Prefers: phone call and text message",)),
            ],
        ),
        ("What they need", [("What would help", ("Lonely or isolated", "Lifts to places"))]),
        (
            "Language and access needs",
            [
                ("Language", ("Welsh, with an interpreter",)),
                (
                    "Access needs",
                    (
                        "British Sign Language",
                        "Key safe at the door",
                        "Key under the pot",
                        "at the back",
                    ),
                ),
            ],
        ),
        ("Why they were referred", [("Why", ("Widowed",))]),
    ]


def test_a_class_without_anything_to_say_has_no_section(labels: Labels) -> None:
    fields = {
        "access_needs.access": {"needs": [], "note": None},
        "contact.preferences": {"preferred": [], "never": [], "note": None},
    }
    assert sections(fields, labels, {}) == ()


def test_an_opened_section_does_not_show_itself_in_a_log(labels: Labels) -> None:
    found = sections({"identity.first_name": "Ann"}, labels, {})
    assert "Ann" not in repr(found)
