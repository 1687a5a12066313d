"""The part of the table of routes for what goes out: how, to where, and what holds it back.

`web.routes` joins it with the rest; what is said there holds here.
"""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.domain.deliveries import Way
from referral_hub.web import callbacks, daily_mail, deliveries, reached, take_away
from referral_hub.web.guards import Route, staff

_TO = "/deliveries/agencies/<uuid:agency_id>"
_BY = f"/deliveries/ways/<any({','.join(Way)}):way>"
_CALLBACK = "/callbacks/<uuid:endpoint_id>"
_POST = ("POST",)

GOING_OUT: tuple[Route, ...] = (
    Route("/deliveries", deliveries.show, staff(May.OPERATE)),
    Route(f"{_TO}/stop", deliveries.stop_agency, staff(May.OPERATE), _POST),
    Route(f"{_TO}/start", deliveries.start_agency, staff(May.OPERATE), _POST),
    Route(f"{_TO}/try-again", deliveries.try_again, staff(May.OPERATE), _POST),
    Route(f"{_BY}/stop", deliveries.stop_way, staff(May.OPERATE), _POST),
    Route(f"{_BY}/start", deliveries.start_way, staff(May.OPERATE), _POST),
    Route("/reached", reached.show, staff(May.CHOOSE_REACH)),
    Route("/reached", reached.by_mail, staff(May.CHOOSE_REACH), _POST),
    Route("/reached/no-mail", reached.no_mail, staff(May.CHOOSE_REACH), _POST),
    Route("/daily-mail", daily_mail.show, staff(May.REFER)),
    Route("/daily-mail/count", daily_mail.count, staff(May.REFER), _POST),
    Route("/daily-mail/leave-out", daily_mail.leave_out, staff(May.REFER), _POST),
    Route("/reached/digest", reached.digest, staff(May.CHOOSE_REACH), _POST),
    Route("/reached/no-digest", reached.no_digest, staff(May.CHOOSE_REACH), _POST),
    Route("/reached/system", reached.system_form, staff(May.CHOOSE_REACH)),
    Route("/reached/system", reached.choose, staff(May.CHOOSE_REACH), _POST),
    Route("/reached/inbox", reached.inbox, staff(May.CHOOSE_REACH), _POST),
    Route("/tasks/table", take_away.table_form, staff(May.OPEN_TASK)),
    Route("/tasks/table", take_away.table, staff(May.OPEN_TASK), _POST),
    Route("/field-order", take_away.order_form, staff(May.ARRANGE_FIELDS)),
    Route("/field-order", take_away.arrange, staff(May.ARRANGE_FIELDS), _POST),
    Route("/callbacks", callbacks.list_all, staff(May.MANAGE_CALLBACKS)),
    Route("/callbacks", callbacks.register, staff(May.MANAGE_CALLBACKS), _POST),
    Route(f"{_CALLBACK}/secrets", callbacks.rotate, staff(May.MANAGE_CALLBACKS), _POST),
    Route(f"{_CALLBACK}/off", callbacks.switch_off, staff(May.MANAGE_CALLBACKS), _POST),
    Route(f"{_CALLBACK}/on", callbacks.switch_on, staff(May.MANAGE_CALLBACKS), _POST),
)
