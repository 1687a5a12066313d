"""The table of routes: address, function, guard. What is not here cannot be reached.

`tests/tables/route_guards.csv` repeats every row for a reviewer, and a route without its row there
fails the tests.
"""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.domain.codes import Scope
from referral_hub.services.fhir_views import BASE
from referral_hub.web import (
    access_requests,
    agreement_records,
    answers,
    api_consents,
    api_docs,
    api_keys,
    api_referrals,
    api_staged,
    api_status,
    api_tasks,
    breaches,
    changes,
    clients,
    complaints,
    council,
    emergency,
    emergency_reviews,
    erasures,
    fhir,
    fhir_tasks,
    figures,
    health,
    kept,
    links,
    log_checks,
    log_files,
    matters,
    menu,
    messages_back,
    oauth,
    officer,
    overlook,
    overview,
    pages,
    partner,
    people,
    receipts,
    refer,
    referrals,
    retention,
    rooms,
    scores,
    sheets,
    sign_in,
    tasks,
    visits,
    work_list,
)
from referral_hub.web.answers import QUESTIONS
from referral_hub.web.api_guards import API_READER, api, api_knock
from referral_hub.web.directory_routes import DIRECTORY
from referral_hub.web.guards import PUBLIC, SIGNED_IN, Route, staff
from referral_hub.web.intake_routes import DOORSTEP, IMPORTING, STAGED
from referral_hub.web.journey import NAMES
from referral_hub.web.oauth import CLIENTS
from referral_hub.web.outward_routes import GOING_OUT
from referral_hub.web.partner import PARTNER
from referral_hub.web.person_routes import OF_THE_PERSON
from referral_hub.web.register_routes import KEEPING
from referral_hub.web.visits import VISITOR

_DRAFT = "/refer/<uuid:draft_id>"
_PAGE = f"{_DRAFT}/<any({','.join(NAMES)}):name>"
_REFERRAL = "/referrals/<uuid:referral_id>"
_WHY = "/council/referrals/<uuid:referral_id>/why"
_STEER = "/council/parts/<uuid:task_id>/<what>"
_CHILD = "/council/referrals/<uuid:referral_id>/child"
_CHOOSE = "/council/referrals/<uuid:referral_id>/choose"
_TASK = "/tasks/<uuid:task_id>"
_FULL = "/services/<uuid:service_id>/full"
_NOTIFICATION = "/notifications/<uuid:notification_id>"
_ENTRY = "/log/entries/<uuid:entry_id>"
_RECEIPT = "receipts/<uuid:entry_id>"
_ALERTS = "/log/emergencies"
_ALERT = f"{_ALERTS}/<uuid:alert_id>"
_APPRAISAL = "/retention/appraisals/<uuid:appraisal_id>"
_SCHEDULE = "/retention/people/<uuid:subject_id>/schedule"
_HOLD = "/retention/people/<uuid:subject_id>/hold"
_ERASING = "/erasures/people/<uuid:subject_id>"
_CLIENT = "/clients/<uuid:client_id>"
_DUTIES = "/duties"
_ASKED = f"{_DUTIES}/requests/people/<uuid:subject_id>"
_MATTER = f"{_DUTIES}/<uuid:matter_id>"
_HELD = f"{_MATTER}/records/<uuid:part_id>/<int:page>"
_LINK = "/link/<token>"
_VISIT = "/visits/<uuid:invitation_id>"
_ANSWER = f"{_VISIT}/<any({','.join(QUESTIONS)}):name>"
_API_REFERRAL = f"{api_referrals.PATH}/<uuid:referral_id>"
_API_TASK = f"{api_tasks.PATH}/<uuid:task_id>"
_PARTNER = "/partner/v1/tasks/<uuid:task_id>"
_AGREED = "/agreements/<uuid:event_id>"
_GET, _POST = ("GET",), ("POST",)

SHELL: tuple[Route, ...] = (
    Route("/", pages.home, PUBLIC),
    Route("/healthz", health.alive, PUBLIC),
    Route("/readyz", health.ready, PUBLIC),
    Route("/cookies", pages.cookies, PUBLIC),
    Route("/accessibility", pages.accessibility, PUBLIC),
    Route("/sign-in", sign_in.page, PUBLIC),
    Route("/sign-in", sign_in.enter, PUBLIC, _POST),
    Route("/signed-out", sign_in.signed_out, PUBLIC),
    Route("/sign-out", sign_in.confirm_sign_out, SIGNED_IN),
    Route("/sign-out", sign_in.leave, PUBLIC, _POST),
    Route("/sign-out/everywhere", sign_in.leave_everywhere, SIGNED_IN, _POST),
    Route("/welcome", pages.welcome, SIGNED_IN),
    Route("/menu", menu.show, SIGNED_IN),
    Route("/kept/<uuid:draft_id>", kept.show, SIGNED_IN),
)

REFERRING: tuple[Route, ...] = (
    Route("/refer", refer.start, staff(May.REFER)),
    Route("/refer", refer.begin, staff(May.REFER), _POST),
    Route(_PAGE, refer.page, staff(May.REFER)),
    Route(_PAGE, refer.save, staff(May.REFER), _POST),
    Route(f"{_DRAFT}/danger-advice", refer.danger_advice, staff(May.REFER)),
    Route(f"{_DRAFT}/check", refer.check, staff(May.REFER)),
    Route(f"{_DRAFT}/check", refer.send, staff(May.REFER), _POST),
    Route(f"{_DRAFT}/delete", refer.confirm_discard, staff(May.REFER)),
    Route(f"{_DRAFT}/delete", refer.discard, staff(May.REFER), _POST),
    Route("/referrals", referrals.list_own, staff(May.REFER)),
    Route(_REFERRAL, referrals.show, staff(May.READ_REFERRAL)),
    Route(f"{_REFERRAL}/{_RECEIPT}", receipts.of_referral, staff(May.READ_REFERRAL)),
    Route(f"{_REFERRAL}/message-back", messages_back.show, staff(May.READ_REFERRAL)),
    Route(f"{_REFERRAL}/sent", referrals.sent, staff(May.REFER)),
    Route(f"{_REFERRAL}/opened", referrals.open_own, staff(May.VIEW_SENT), _POST),
    Route(f"{_REFERRAL}/agreement", referrals.agreement_form, staff(May.RECORD_AGREEMENT)),
    Route(f"{_REFERRAL}/agreement", referrals.agree, staff(May.RECORD_AGREEMENT), _POST),
    Route(f"{_REFERRAL}/agreements", agreement_records.list_all, staff(May.READ_AGREEMENT)),
    Route(f"{_REFERRAL}/copy", agreement_records.newest, staff(May.READ_AGREEMENT)),
    Route(_AGREED, agreement_records.show, staff(May.READ_AGREEMENT)),
    Route(f"{_AGREED}/copy", agreement_records.copy, staff(May.READ_AGREEMENT)),
    Route(f"{_AGREED}/files/<path:name>", agreement_records.download, staff(May.READ_AGREEMENT)),
    Route(f"{_REFERRAL}/withdraw", referrals.confirm_withdraw, staff(May.WITHDRAW_AGREEMENT)),
    Route(f"{_REFERRAL}/withdraw", referrals.withdraw, staff(May.WITHDRAW_AGREEMENT), _POST),
    Route(f"{_REFERRAL}/death", referrals.death_form, staff(May.RECORD_DEATH)),
    Route(f"{_REFERRAL}/death", referrals.record_death_of, staff(May.RECORD_DEATH), _POST),
    Route(f"{_REFERRAL}/changed", changes.ask, staff(May.WITHDRAW_AGREEMENT)),
    Route(f"{_REFERRAL}/changed", changes.choose, staff(May.WITHDRAW_AGREEMENT), _POST),
    Route(f"{_REFERRAL}/changed/sharing", changes.stop_form, staff(May.WITHDRAW_AGREEMENT)),
    Route(f"{_REFERRAL}/changed/sharing", changes.stop, staff(May.WITHDRAW_AGREEMENT), _POST),
    Route(f"{_REFERRAL}/changed/fact", changes.correction_form, staff(May.CORRECT_FACT)),
    Route(f"{_REFERRAL}/changed/fact", changes.correct, staff(May.CORRECT_FACT), _POST),
    Route(f"{_REFERRAL}/changed/never", changes.never_form, staff(May.WITHDRAW_AGREEMENT)),
    Route(f"{_REFERRAL}/changed/never", changes.never, staff(May.WITHDRAW_AGREEMENT), _POST),
    Route(f"{_REFERRAL}/reply/<uuid:task_id>", referrals.answer, staff(May.REPLY), _POST),
)

RECEIVING: tuple[Route, ...] = (
    Route("/tasks", tasks.list_all, staff(May.LIST_TASKS)),
    Route(_FULL, rooms.full_form, staff(May.EDIT_SERVICE)),
    Route(_FULL, rooms.full, staff(May.EDIT_SERVICE), _POST),
    Route("/services/<uuid:service_id>/room", rooms.open_again, staff(May.EDIT_SERVICE), _POST),
    Route(_TASK, tasks.show, staff(May.READ_TASK)),
    Route(f"{_TASK}/sheet", sheets.sheet, staff(May.OPEN_TASK), _POST),
    Route(f"{_TASK}/sheet.pdf", sheets.sheet_file, staff(May.OPEN_TASK), _POST),
    Route(f"{_TASK}/{_RECEIPT}", receipts.of_task, staff(May.READ_TASK)),
    Route(f"{_TASK}/open", tasks.open_referral, staff(May.OPEN_TASK), _POST),
    Route(f"{_TASK}/accept", answers.accept_form, staff(May.ANSWER_TASK)),
    Route(f"{_TASK}/accept", answers.accept, staff(May.ANSWER_TASK), _POST),
    Route(f"{_TASK}/decline", answers.decline_form, staff(May.ANSWER_TASK)),
    Route(f"{_TASK}/decline", answers.decline, staff(May.ANSWER_TASK), _POST),
    Route(f"{_TASK}/ask", answers.ask_form, staff(May.ASK)),
    Route(f"{_TASK}/ask", answers.ask_sender, staff(May.ASK), _POST),
    Route(f"{_TASK}/contact", answers.contact_form, staff(May.RECORD_CONTACT)),
    Route(f"{_TASK}/contact", answers.contact, staff(May.RECORD_CONTACT), _POST),
    Route(f"{_TASK}/scores", scores.form, staff(May.RECORD_CONTACT)),
    Route(f"{_TASK}/scores", scores.save, staff(May.RECORD_CONTACT), _POST),
    Route(f"{_TASK}/close", answers.close_form, staff(May.CLOSE_TASK)),
    Route(f"{_TASK}/close", answers.close, staff(May.CLOSE_TASK), _POST),
    Route(f"{_TASK}/emergency", emergency.form, staff(May.USE_EMERGENCY_ACCESS)),
    Route(f"{_TASK}/emergency", emergency.ask, staff(May.USE_EMERGENCY_ACCESS), _POST),
    Route(
        f"{_TASK}/emergency/<uuid:ticket_id>",
        emergency.open_once,
        staff(May.USE_EMERGENCY_ACCESS),
        _POST,
    ),
)

LINKS: tuple[Route, ...] = (
    Route(_LINK, links.show, PUBLIC),
    Route(_LINK, links.enter, PUBLIC, _POST),
    Route(f"{_LINK}/again", links.again, PUBLIC, _POST),
    Route("/link-sent", links.sent, PUBLIC),
    Route("/left", visits.left, PUBLIC),
    Route(_VISIT, visits.show, VISITOR),
    Route(f"{_VISIT}/open", visits.open_referral, VISITOR, _POST),
    Route(f"{_VISIT}/sheet.pdf", sheets.visitors_file, VISITOR, _POST),
    Route(_ANSWER, visits.question, VISITOR),
    Route(_ANSWER, visits.answer, VISITOR, _POST),
    Route(f"{_VISIT}/told/<uuid:notification_id>", visits.acted, VISITOR, _POST),
    Route(f"{_VISIT}/leave", visits.leave, VISITOR, _POST),
)

WORKING: tuple[Route, ...] = (
    Route("/work", work_list.show, staff(May.READ_WORK_LIST)),
    Route(f"{_NOTIFICATION}/seen", work_list.seen, staff(May.ACKNOWLEDGE), _POST),
    Route(f"{_NOTIFICATION}/settled", work_list.settled, staff(May.SETTLE_NOTIFICATION), _POST),
)

OVERSEEING: tuple[Route, ...] = (
    Route("/council", council.list_open, staff(May.OVERSEE)),
    Route("/council/referrals/<uuid:referral_id>", council.show, staff(May.OVERSEE)),
    Route(_CHILD, council.child_form, staff(May.DECIDE_FOR_CHILD)),
    Route(_CHILD, council.decide_child, staff(May.DECIDE_FOR_CHILD), _POST),
    Route(_CHOOSE, council.choices, staff(May.STEER)),
    Route(_CHOOSE, council.choose, staff(May.STEER), _POST),
    Route("/council/board", overlook.board, staff(May.OVERSEE)),
    Route(_WHY, overlook.why_form, staff(May.OVERSEE)),
    Route(_WHY, overlook.say, staff(May.OVERSEE), _POST),
    Route(_STEER, overlook.steer_form, staff(May.STEER)),
    Route(_STEER, overlook.do, staff(May.STEER), _POST),
    Route("/council/undelivered", council.list_stuck, staff(May.OVERSEE)),
    Route("/council/undelivered/<uuid:outbox_id>", council.try_again, staff(May.REPLAY), _POST),
    Route("/figures", figures.show, staff(May.READ_FIGURES)),
    Route("/figures/table", figures.table, staff(May.READ_FIGURES)),
)

OFFICERS: tuple[Route, ...] = (
    Route("/overview", overview.show, staff(May.READ_AUDIT)),
    Route("/log", officer.list_entries, staff(May.READ_AUDIT)),
    Route("/log/people", people.find_form, staff(May.READ_AUDIT)),
    Route("/log/people", people.find, staff(May.READ_AUDIT), _POST),
    Route(_ENTRY, officer.show, staff(May.READ_AUDIT)),
    Route(f"{_ENTRY}/why", officer.why, staff(May.READ_AUDIT)),
    Route(f"{_ENTRY}/agreement", agreement_records.of_entry, staff(May.READ_AGREEMENT)),
    Route(f"{_ENTRY}/receipt", receipts.of_entry, staff(May.READ_AUDIT)),
    Route(f"{_ENTRY}/opened", officer.open_commitments, staff(May.READ_AUDIT), _POST),
    Route("/log/verify", officer.state, staff(May.VERIFY_LOG)),
    Route("/log/verify", officer.verify, staff(May.VERIFY_LOG), _POST),
    Route("/log/consistency", log_checks.consistency, staff(May.READ_TREE), _POST),
    Route("/log/replay", log_checks.replay, staff(May.VERIFY_LOG), _POST),
    Route("/log/checkpoint", log_files.checkpoint, staff(May.READ_TREE)),
    Route("/log/tile/<path:path>", log_files.tile, staff(May.READ_TREE)),
    Route("/log/evidence", officer.bundle_form, staff(May.WRITE_BUNDLE)),
    Route("/log/evidence", officer.bundle, staff(May.WRITE_BUNDLE), _POST),
    Route("/log/table", officer.table, staff(May.WRITE_BUNDLE), _POST),
    Route("/retention", retention.show, staff(May.APPRAISE)),
    Route("/retention/people/<uuid:subject_id>", retention.put_forward, staff(May.APPRAISE), _POST),
    Route(f"{_APPRAISAL}/approve", retention.approve, staff(May.APPRAISE), _POST),
    Route(f"{_APPRAISAL}/turn-down", retention.turn_down, staff(May.APPRAISE), _POST),
    Route("/retention/destroyed/<uuid:entry_id>", retention.destroyed, staff(May.APPRAISE)),
    Route("/retention/find", retention.find_form, staff(May.READ_AUDIT)),
    Route("/retention/find", retention.find, staff(May.READ_AUDIT), _POST),
    Route(_HOLD, retention.hold_form, staff(May.READ_AUDIT)),
    Route(_HOLD, retention.hold, staff(May.READ_AUDIT), _POST),
    Route(_SCHEDULE, retention.schedule, staff(May.APPRAISE), _POST),
    Route("/retention/holds/<uuid:hold_id>/lift", retention.lift, staff(May.APPRAISE), _POST),
    Route("/erasures/find", erasures.find_form, staff(May.ERASE_PERSON)),
    Route("/erasures/find", erasures.find, staff(May.ERASE_PERSON), _POST),
    Route(_ERASING, erasures.confirm, staff(May.ERASE_PERSON)),
    Route(_ERASING, erasures.erase, staff(May.ERASE_PERSON), _POST),
    Route(f"{_ERASING}/refused", erasures.refuse, staff(May.ERASE_PERSON), _POST),
    Route("/erasures/<uuid:entry_id>", erasures.show, staff(May.ERASE_PERSON)),
    Route("/erasures/<uuid:entry_id>/certificate", erasures.download, staff(May.ERASE_PERSON)),
)

REVIEWING: tuple[Route, ...] = (
    Route(_ALERTS, emergency_reviews.list_all, staff(May.REVIEW_EMERGENCY_ACCESS)),
    Route(_ALERT, emergency_reviews.show, staff(May.REVIEW_EMERGENCY_ACCESS)),
    Route(_ALERT, emergency_reviews.review, staff(May.REVIEW_EMERGENCY_ACCESS), _POST),
    Route(f"{_ALERT}/reason", emergency_reviews.reason, staff(May.REVIEW_EMERGENCY_ACCESS), _POST),
)

DUTIES: tuple[Route, ...] = (
    Route(_DUTIES, matters.list_all, staff(May.HANDLE_MATTERS)),
    Route(f"{_DUTIES}/requests/find", access_requests.find_form, staff(May.HANDLE_MATTERS)),
    Route(f"{_DUTIES}/requests/find", access_requests.find, staff(May.HANDLE_MATTERS), _POST),
    Route(_ASKED, access_requests.form, staff(May.HANDLE_MATTERS)),
    Route(_ASKED, access_requests.record, staff(May.HANDLE_MATTERS), _POST),
    Route(f"{_DUTIES}/breaches/new", breaches.form, staff(May.HANDLE_MATTERS)),
    Route(f"{_DUTIES}/breaches/new", breaches.record, staff(May.HANDLE_MATTERS), _POST),
    Route(f"{_DUTIES}/complaints/new", complaints.form, staff(May.HANDLE_MATTERS)),
    Route(f"{_DUTIES}/complaints/new", complaints.record, staff(May.HANDLE_MATTERS), _POST),
    Route(_MATTER, matters.show, staff(May.HANDLE_MATTERS)),
    Route(f"{_MATTER}/written", matters.written, staff(May.HANDLE_MATTERS), _POST),
    Route(f"{_MATTER}/steps/<event>", matters.step_form, staff(May.HANDLE_MATTERS)),
    Route(f"{_MATTER}/steps/<event>", matters.take, staff(May.HANDLE_MATTERS), _POST),
    Route(f"{_MATTER}/records", access_requests.records, staff(May.OPEN_FOR_REQUEST)),
    Route(_HELD, access_requests.look, staff(May.OPEN_FOR_REQUEST), _POST),
    Route(f"{_HELD}/decided", access_requests.decide, staff(May.OPEN_FOR_REQUEST), _POST),
    Route(f"{_MATTER}/answer", access_requests.second_look, staff(May.OPEN_FOR_REQUEST), _POST),
    Route(f"{_MATTER}/answer/file", access_requests.hand_over, staff(May.OPEN_FOR_REQUEST), _POST),
    Route(f"{_MATTER}/exposed", breaches.pack_form, staff(May.WRITE_BREACH_PACK)),
    Route(f"{_MATTER}/exposed", breaches.pack, staff(May.WRITE_BREACH_PACK), _POST),
)

ADMINISTERING: tuple[Route, ...] = (
    Route("/clients", clients.list_all, staff(May.MANAGE_CLIENTS)),
    Route("/clients/new", clients.new_form, staff(May.MANAGE_CLIENTS)),
    Route("/clients/new", clients.register, staff(May.MANAGE_CLIENTS), _POST),
    Route(_CLIENT, clients.show, staff(May.MANAGE_CLIENTS)),
    Route(_CLIENT, clients.change, staff(May.MANAGE_CLIENTS), _POST),
    Route(f"{_CLIENT}/keys", clients.add, staff(May.MANAGE_CLIENTS), _POST),
    Route(f"{_CLIENT}/keys/<uuid:key_id>/remove", clients.remove, staff(May.MANAGE_CLIENTS), _POST),
    Route(f"{_CLIENT}/disable", clients.disable, staff(May.MANAGE_CLIENTS), _POST),
    Route(f"{_CLIENT}/enable", clients.enable, staff(May.MANAGE_CLIENTS), _POST),
)

AUTHORISING: tuple[Route, ...] = (
    Route(oauth.METADATA_PATH, oauth.metadata, PUBLIC),
    Route("/oauth/token", oauth.token, CLIENTS, _POST),
    Route("/oauth/revoke", oauth.revoke, CLIENTS, _POST),
)

API: tuple[Route, ...] = (
    Route("/api/v1/jwks.json", api_keys.jwks, PUBLIC),
    Route("/api/v1/openapi.json", api_docs.openapi, PUBLIC),
    Route("/api/v1/docs", api_docs.reference, PUBLIC),
    Route("/api/v1/directory", api_status.directory, API_READER),
    Route(api_referrals.PATH, api_referrals.submit, api_knock(Scope.REFERRAL_SUBMIT), _POST),
    Route(api_referrals.PATH, api_status.referrals, api(Scope.REFERRAL_READ)),
    Route(_API_REFERRAL, api_status.referral, api(Scope.REFERRAL_READ)),
    Route(f"{_API_REFERRAL}/receipt", api_status.receipts, api(Scope.RECEIPTS_READ)),
    Route(
        f"{_API_REFERRAL}/receipt/<uuid:entry_id>",
        api_status.receipt,
        api(Scope.RECEIPTS_READ),
    ),
    Route(f"{_API_REFERRAL}/withdraw", api_status.withdraw, api(Scope.CONSENT_WRITE), _POST),
    Route(api_status.EVENTS, api_status.events, api(Scope.EVENTS_READ)),
    Route(api_staged.STAGED, api_staged.listed, api(Scope.EVENTS_READ)),
    Route(api_consents.PATH, api_consents.give, api(Scope.CONSENT_WRITE), _POST),
    Route(
        f"{api_consents.PATH}/<uuid:consent_id>/withdraw",
        api_consents.withdraw,
        api(Scope.CONSENT_WRITE),
        _POST,
    ),
    Route(api_tasks.PATH, api_tasks.tasks, api(Scope.TASK_ANSWER)),
    Route(_API_TASK, api_tasks.task, api(Scope.TASK_ANSWER)),
    Route(f"{_API_TASK}/open", api_tasks.open_content, api(Scope.TASK_OPEN), _POST),
    Route(f"{_API_TASK}/accept", api_tasks.accept, api(Scope.TASK_ANSWER), _POST),
    Route(f"{_API_TASK}/decline", api_tasks.decline, api(Scope.TASK_ANSWER), _POST),
    Route(f"{_API_TASK}/ask", api_tasks.ask_sender, api(Scope.TASK_ANSWER), _POST),
    Route(f"{_API_TASK}/contact", api_tasks.contact, api(Scope.TASK_ANSWER), _POST),
    Route(f"{_API_TASK}/close", api_tasks.close, api(Scope.TASK_ANSWER), _POST),
)

PARTNERS: tuple[Route, ...] = (
    Route(f"{_PARTNER}/accept", partner.accept, PARTNER, _POST),
    Route(f"{_PARTNER}/decline", partner.decline, PARTNER, _POST),
    Route(f"{_PARTNER}/contact", partner.contact, PARTNER, _POST),
    Route(f"{_PARTNER}/close", partner.close, PARTNER, _POST),
    Route(
        "/partner/v1/notifications/<uuid:notification_id>/acknowledge",
        partner.acknowledge_told,
        PARTNER,
        _POST,
    ),
    Route("/partner/v1/log/checkpoint", log_files.partner_checkpoint, PARTNER),
    Route("/partner/v1/log/tile/<path:path>", log_files.partner_tile, PARTNER),
)

FHIR: tuple[Route, ...] = (
    Route(f"{BASE}/metadata", fhir_tasks.metadata, PUBLIC),
    Route(fhir.MESSAGES, fhir.process_message, api_knock(Scope.FHIR), _POST),
    Route(fhir.REQUESTS, fhir.create_request, api_knock(Scope.FHIR), _POST),
    Route(f"{BASE}/ServiceRequest/<uuid:referral_id>", fhir_tasks.read_request, api(Scope.FHIR)),
    Route(f"{BASE}/Task", fhir_tasks.search, api(Scope.FHIR)),
    Route(f"{BASE}/Task/<uuid:task_id>", fhir_tasks.read_one, api(Scope.FHIR)),
    Route(f"{BASE}/Task/<uuid:task_id>", fhir_tasks.patch, api(Scope.FHIR), ("PATCH",)),
)

ROUTES: tuple[Route, ...] = (
    *SHELL,
    *REFERRING,
    *RECEIVING,
    *STAGED,
    *LINKS,
    *OF_THE_PERSON,
    *IMPORTING,
    *DOORSTEP,
    *WORKING,
    *OVERSEEING,
    *GOING_OUT,
    *OFFICERS,
    *KEEPING,
    *REVIEWING,
    *DUTIES,
    *ADMINISTERING,
    *AUTHORISING,
    *API,
    *PARTNERS,
    *FHIR,
    *DIRECTORY,
)
