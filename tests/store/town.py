"""A database in which several agencies have rows in every table that holds an agency's data."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.model import EmergencyCause, EventState
from consent.notices import notice
from referral_hub.crypto.tokens import new_token, token_digest
from referral_hub.domain.codes import DeclineReason, Scope
from referral_hub.domain.commands import AnswerTask, AskEmergencyAccess
from referral_hub.domain.overlooking import LookReason
from referral_hub.domain.refusals import Finding
from referral_hub.domain.registers import ProcessingRole
from referral_hub.domain.retention import LegalHoldReason
from referral_hub.services.activity_register import Activity, record_activity
from referral_hub.services.answer_task import answer_task, ask, reply
from referral_hub.services.callback_endpoints import rotate_secrets, switch_endpoint
from referral_hub.services.clients import ClientTerms, add_key, register_client
from referral_hub.services.concern_links import make_link
from referral_hub.services.deliveries import stop_agency
from referral_hub.services.demo import approve_demo_policy
from referral_hub.services.directory_import import Reading, import_source
from referral_hub.services.directory_sources import add_source
from referral_hub.services.drafts import save_draft, start_draft
from referral_hub.services.emergency_access import ask_emergency_access, open_in_emergency
from referral_hub.services.field_order import arrange_fields
from referral_hub.services.notice_register import Adoption, propose_notice
from referral_hub.services.overlook import say_why
from referral_hub.services.own_notices import Writing, propose_words
from referral_hub.services.person_codes import give_code
from referral_hub.services.refusals import record_finding, to_review
from referral_hub.services.register_mail import register_mail
from referral_hub.services.remind_providers import count_figures
from referral_hub.services.retention import place_hold
from referral_hub.services.saved_searches import save_search
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store import (
    access_tokens,
    callbacks,
    cosignatures,
    deliveries,
    jti,
    links,
    log,
    staff,
)
from referral_hub.store.access_tokens import NewToken
from tests import importing, people
from tests.crypto.jose import ed25519_jwk
from tests.feeds import URL, Feed, a_service, outside
from tests.hub_bench import Bench
from tests.services import matters as asking
from tests.staging import staged

EMERGENCY = "Her neighbour hears water running and nobody answers the door or the telephone."


def populate(bench: Bench) -> None:
    """Two surgeries refer people to several agencies, who accept, ask, decline, or wait."""
    _surgery(bench)
    bench.refer(to=("neighbours", "council"), by="hill-gp")
    bench.deliver()
    bench.refer(to=("neighbours",), by="hill-gp")
    bench.refer()
    _codes(bench)
    _emergency(bench)
    people.disagreement_decided(bench)
    for username in ("gp", "hill-gp"):
        _draft(bench, username)
        _sign_in(bench, username)
    _sign_in(bench, "mentors")
    for key in ("time_bank", "neighbours"):
        _spend_token(bench, bench.agencies[key])
    for username in ("surgery-admin", "council-admin"):
        _client(bench, username)
    for receiver, sender in (("surgery", "surgery"), ("hill", "hill"), ("council", "library")):
        staged(bench.hub, bench.agencies[receiver], sender=bench.agencies[sender])
    _mail(bench)
    _hold_back(bench)
    _call_back(bench)
    _import(bench)
    _retain(bench)
    _matters(bench)
    _keep_registers(bench)
    _search_and_review(bench)
    _cosign(bench)
    _directory(bench)
    for row in bench.table("referral")[:2]:
        if row["owner_agency_id"] == bench.agencies["council"]:
            say_why(bench.hub, bench.staff["council"], row["id"], LookReason.SAMPLE)
    _figures(bench)
    approve_demo_policy(bench.hub)


def _codes(bench: Bench) -> None:
    """Somebody of each surgery has a code for their own page, one a second one."""
    for username in ("gp", "hill-gp", "gp"):
        us = bench.staff[username]
        found = bench.rows(
            "SELECT referral_id FROM consent_event WHERE origin_agency_id = %s AND state = 'given'"
            " AND given_by = 'self' ORDER BY id LIMIT 1",
            us.agency_id,
        )
        give_code(bench.hub, us, found[0]["referral_id"])
    bench.rows(
        "INSERT INTO person_message (id, referral_id, origin_agency_id, cause_id, step, way,"
        " made_at) SELECT gen_random_uuid(), referral_id, origin_agency_id, id, 'accepted',"
        " 'phone', now() FROM person_code WHERE ended_at IS NULL"
    )


def _directory(bench: Bench) -> None:
    """Two agencies bring a feed in each."""
    for number, username in enumerate(("council-admin", "library-admin")):
        actor = bench.staff[username]
        source = add_source(bench.hub, actor, "Feed", URL, resolve=outside)
        feed = Feed([a_service(10 * number + one) for one in range(2)])
        assert import_source(bench.hub, actor, source, Reading(pages=feed)).good
    count_figures(bench.hub)


def _figures(bench: Bench) -> None:
    """Two councils were told something; counts wait, and one more referral is not counted yet."""
    bench.rows(
        "INSERT INTO figure (agency_id, month, figure, first, second, count)"
        " SELECT id, '2026-01-01', 'volumes', 'all', '', 4 FROM agency"
    )
    bench.rows(
        "INSERT INTO figure_count (agency_id, month, figure, first, second, count)"
        " SELECT id, '2026-02-01', 'needs', 'lonely', '', 1 FROM agency"
    )


def _mail(bench: Bench) -> None:
    """Two agencies are told by mail; one link of each waits, its mail sent."""
    for key in ("neighbours", "mentors"):
        register_mail(bench.hub, bench.agencies[key], f"duty@{key}.example")
        task = next(row for row in bench.tasks() if row["to"] == key)
        invitation = {
            "id": uuid4(),
            "task_id": task["id"],
            "referral_id": task["referral_id"],
            "recipient_agency_id": task["recipient_agency_id"],
            "created_at": bench.clock(),
            "expires_at": bench.clock() + timedelta(days=7),
        }
        token = {"token_hash": token_digest(new_token()), "invitation_id": invitation["id"]}
        with bench.hub.database.working() as connection:
            links.invite(connection, [invitation], [token])


def _hold_back(bench: Bench) -> None:
    """The council has stopped one agency, a surgery itself; a system is left alone.

    Both have an order of fields of their own.
    """
    for username in ("council-admin", "surgery-admin"):
        arrange_fields(bench.hub, bench.staff[username], ["identity.nhs_number"])
    stop_agency(bench.hub, bench.staff["council-admin"], bench.agencies["library"])
    stop_agency(bench.hub, bench.staff["surgery-admin"], bench.agencies["surgery"])
    breaker = {"destination": bench.agencies["time_bank"], "way": "https_push", "failures": 1}
    with bench.hub.database.working() as connection:
        deliveries.keep_breakers(
            connection,
            [
                breaker
                | {"opened_at": None, "retry_at": None, "last_code": "timeout"}
                | {"changed_at": bench.clock()}
            ],
        )


def _call_back(bench: Bench) -> None:
    """Two agencies wanted to be called and do not any more; what was to be told is dropped."""
    for username, sender in (("surgery-admin", "gp"), ("council-admin", "hill-gp")):
        actor = bench.staff[username]
        with bench.hub.database.acting_for(actor.agency_id) as connection:
            row = {"id": uuid4(), "agency_id": actor.agency_id, "created_at": bench.clock()}
            callbacks.add(connection, row | {"url": "https://calls.example/hub", "pinned": []})
        rotate_secrets(bench.hub, actor, row["id"])
        bench.refer(to=("mentors",), by=sender)
        switch_endpoint(bench.hub, actor, row["id"], on=False)
    bench.rows(
        "UPDATE outbox SET state = 'cancelled', last_code = 'nobody_to_call', settled_at = now()"
        " WHERE kind = 'callback'"
    )


def _import(bench: Bench) -> None:
    """The library and the fire service import a file; the council and an employer have a link."""
    for username, admin in (("librarian", "library-admin"), ("firefighter", "fire-admin")):
        importing.set_up(bench, by=admin)
        rows = [
            importing.visit(1),
            importing.visit(2, first_name=""),
            importing.visit(3, phone="x"),
        ]
        importing.import_all(bench, importing.as_csv(rows), by=username)
    for username in ("parcels-admin", "council-admin"):
        make_link(bench.hub, bench.staff[username], "North depot")


def _retain(bench: Bench) -> None:
    """Both surgeries hold somebody's records; one proposes what becomes of another's."""
    for username in ("surgery-dpo", "hill-dpo"):
        officer = bench.staff[username]
        people = bench.rows(
            "SELECT id FROM subject WHERE origin_agency_id = %s ORDER BY id", officer.agency_id
        )
        place_hold(bench.hub, officer, people[0]["id"], LegalHoldReason.COMPLAINT)
        bench.rows(
            "INSERT INTO appraisal (id, agency_id, subject_id, outcome, proposed_by, proposed_at)"
            " VALUES (%s, %s, %s, 'destroy', %s, now())",
            uuid4(), officer.agency_id, people[1]["id"], officer.user_id,
        )  # fmt: skip


def _matters(bench: Bench) -> None:
    """Somebody of each surgery asks for their records, and an officer looks at them."""
    for username in ("surgery-dpo", "hill-dpo"):
        found = bench.rows(
            "SELECT id FROM subject WHERE origin_agency_id = %s ORDER BY id LIMIT 1",
            bench.staff[username].agency_id,
        )
        asking.reviewed(bench, asking.in_hand(bench, found[0]["id"], by=username), by=username)


def _keep_registers(bench: Bench) -> None:
    """Both surgeries record an activity and propose to use some words."""
    day = bench.clock().date() + timedelta(days=300)
    for username in ("surgery-dpo", "hill-dpo"):
        officer = bench.staff[username]
        activity = Activity(
            "Referrals",
            ProcessingRole.CONTROLLER,
            *("support", "6(1)(e)", "patients", "needs", "groups", "none", "8 years", "sealed"),
            document=None,
            review_on=day,
        )
        record_activity(bench.hub, officer, activity)
        words = notice("support-referral", "2", "en")
        adoption = Adoption(
            words, since=bench.clock().date(), until=None, review_on=day, document=None
        )
        propose_notice(bench.hub, officer, adoption)
        propose_words(
            bench.hub,
            officer,
            Writing(
                "support-referral",
                "own-1",
                "cy",
                "Dim ond y rhai a enwch, os cytunwch i hynny.",
                since=bench.clock().date(),
                until=None,
                review_on=day,
                document=None,
            ),
        )


def _search_and_review(bench: Bench) -> None:
    """Both surgeries' officers keep a search and have reviewed what was not shared."""
    said_no = bench.agreed(("neighbours",), state=EventState.REFUSED)
    bench.refer(agreement=said_no, by="hill-gp")
    for username in ("surgery-dpo", "hill-dpo"):
        officer = bench.staff[username]
        save_search(bench.hub, officer, "Refusals", {"outcome": "refuse"}, shared=True)
        rows = to_review(bench.hub, officer).rows
        record_finding(bench.hub, officer, [rows[0].row.id], Finding.RIGHT)


def _cosign(bench: Bench) -> None:
    """A line of a witness; what it says is not looked at here."""
    with bench.hub.database.working() as connection:
        newest = log.latest_checkpoint(connection)
        assert newest is not None
        line = cosignatures.Cosignature(newest.size, b"abcd", b"a signature line\n", 1_780_000_000)
        cosignatures.add(connection, line, at=bench.clock())
        cosignatures.answered(connection, b"abcd", "cosigned", at=bench.clock())


def _surgery(bench: Bench) -> None:
    mentors, neighbours, gp = (bench.staff[name] for name in ("mentors", "neighbours", "gp"))
    taken = bench.refer(to=("mentors", "council"))
    declined = bench.refer(to=("neighbours", "council"))
    over = bench.refer(to=("mentors",))
    bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))
    for spoke in (people.by_an_attorney(bench), people.in_best_interests(bench)):
        bench.refer(agreement=spoke)
    bench.deliver()
    task_id: UUID = bench.tasks(taken.referral_id)[0]["id"]
    ask(bench.hub, mentors, task_id, "Is there a dog?")
    reply(bench.hub, gp, task_id, "No dog.")
    answer_task(bench.hub, mentors, AnswerTask(task_id, True, None, "Gladly"))
    other: UUID = bench.tasks(declined.referral_id)[0]["id"]
    no = AnswerTask(other, False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, neighbours, no)
    bench.deliver()
    withdraw_agreement(bench.hub, gp, over.referral_id)
    bench.deliver()


def _emergency(bench: Bench) -> None:
    """A coordinator opens in an emergency what one agency holds; both officers have an alert."""
    actor = bench.staff["mentors"]
    task_id = next(row["id"] for row in bench.tasks() if row["state"] == "accepted")
    wanted = AskEmergencyAccess(task_id, uuid4(), EmergencyCause.OTHERS_AT_RISK, EMERGENCY)
    ticket_id = ask_emergency_access(bench.hub, actor, wanted)
    open_in_emergency(bench.hub, actor, task_id, ticket_id)


def _draft(bench: Bench, username: str) -> None:
    actor = bench.staff[username]
    draft_id = start_draft(bench.hub, actor)
    save_draft(bench.hub, actor, draft_id, pages={"why": {"why": "half a sentence"}})


def _sign_in(bench: Bench, username: str) -> None:
    actor = bench.staff[username]
    with bench.hub.database.acting_for(actor.agency_id) as connection:
        staff.begin_session(
            connection,
            token_digest(new_token()),
            user_id=actor.user_id,
            agency_id=actor.agency_id,
            at=bench.clock(),
        )


def _client(bench: Bench, username: str) -> None:
    """An agency's system with a key and a token."""
    admin = bench.staff[username]
    terms = ClientTerms(frozenset(Scope), plain_json=True)
    client_id = register_client(bench.hub, admin, "Case system", terms)
    key = Ed25519PrivateKey.generate()
    added = add_key(bench.hub, admin, client_id, json.dumps(ed25519_jwk(key, "first")))
    at = bench.clock()
    new = NewToken(
        uuid4().bytes, client_id, added.id, ["fhir"], None, at, at + timedelta(minutes=10)
    )
    with bench.hub.database.one_statement() as connection:
        assert access_tokens.issue(connection, admin.agency_id, new, [])
    bench.rows(
        "INSERT INTO idempotency_key (client_id, endpoint, key_hash, agency_id, fingerprint,"
        " status, content_type, answer, created_at)"
        " VALUES (%s, 'POST /api/v1/referrals', 'k', %s, 'f', 202, 'application/json', '{}', %s)",
        client_id,
        admin.agency_id,
        at,
    )


def _spend_token(bench: Bench, agency_id: UUID) -> None:
    expires_at = bench.clock() + timedelta(minutes=5)
    with bench.hub.database.acting_for(agency_id) as connection:
        assert jti.use_once(connection, agency_id, str(uuid4()), expires_at=expires_at)
