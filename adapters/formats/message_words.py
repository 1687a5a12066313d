"""Words for states, reasons and outcomes: those of the hub's own pages, as a test compares."""

from __future__ import annotations

STATES = {
    "held": "On hold: not shared",
    "routed": "Being sent",
    "offered": "Waiting for an answer",
    "information_asked": "Question to answer",
    "accepted": "Accepted",
    "in_progress": "Being helped",
    "on_hold": "Paused",
    "declined": "Declined",
    "no_answer": "No answer",
    "withdrawn": "Withdrawn",
    "withheld": "Not sent",
    "closed": "Closed",
    "returned": "Taken back",
}
REASONS = {
    "no_capacity": "No room at the moment",
    "out_of_area": "Outside our area",
    "not_eligible": "Not eligible for our service",
    "not_suitable": "Not suitable for our service",
    "cannot_contact": "Could not reach the person",
    "conflict": "A conflict of interest",
    "needs_more_information": "Not enough information to decide",
    "other": "Another reason",
}
OUTCOMES = {
    "helped": "Helped",
    "partly_helped": "Partly helped",
    "declined_by_person": "The person said no",
    "could_not_contact": "Could not reach the person",
    "not_suitable": "Not suitable",
    "no_capacity": "No room",
    "moved": "The person moved away",
    "died": "The person died",
    "passed_to_statutory": "Passed to a public service",
    "duplicate": "The same as another referral",
}
