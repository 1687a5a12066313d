"""The hard filters of routing, in order: the first that a service fails is the reason why it is
left out.

Unknown is never a no, but where the law is strict (regulated activity) it is not a yes either: a
helper who handles money or gives personal care must be known to be checked and insured for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from uuid import UUID

from referral_hub.domain.codes import Capacity, NeedCode, TaskType, Vetting
from referral_hub.domain.routing_model import (
    PUBLIC_BODIES,
    Question,
    RouteReason,
    Service,
    room_is_known,
)
from referral_hub.domain.vetting import Cover, covers, need_rules, required, training

Tasks = frozenset[TaskType]
_NOTHING = Cover()
_BARRED = frozenset({Vetting.ENHANCED_ADULTS, Vetting.ENHANCED_CHILDREN, Vetting.ENHANCED_BOTH})


@lru_cache(maxsize=4096)
def tasks_for(need: NeedCode, said: Tasks, offered: Tasks) -> Tasks:
    """Return what would be done for `need` by a service that offers `offered`.

    What somebody `said` decides; else what the service does; else the careful reading of the need.
    """
    rule = need_rules()[need]
    return (said & rule.tasks) or (offered & rule.tasks) or rule.careful


def regulated(tasks: Tasks, *, child: bool) -> bool:
    """Tell whether the law wants a barred-list check for any of `tasks`."""
    return required(tasks, child).minimum in _BARRED


def paused(service: Service, asked: Question) -> bool:
    """The provider has said that it takes nobody for now."""
    until = service.paused_until
    return not service.active or (until is not None and until >= asked.today)


def never(service: Service, asked: Question) -> bool:
    """The person said never this agency."""
    return service.agency_id in asked.seeker.never


def too_close(service: Service, asked: Question) -> bool:
    """The person's own carer, or somebody else who must not be the answer."""
    return service.agency_id in asked.seeker.close


def out_of_area(service: Service, asked: Question) -> bool:
    """The service does not state the person's area."""
    return asked.seeker.area not in service.areas


def wrong_age(service: Service, asked: Question) -> bool:
    """The person is below the lowest or above the highest age."""
    age, low, high = asked.seeker.age, service.minimum_age, service.maximum_age
    return (low is not None and age < low) or (high is not None and age > high)


def not_eligible(service: Service, asked: Question) -> bool:
    """Each circumstance of which one is required is known not to be so."""
    wanted = service.eligibility
    return bool(wanted) and wanted <= asked.seeker.is_not


def ruled_out(service: Service, asked: Question) -> bool:
    """Something that the service rules out is known to be so."""
    return not service.exclusions.isdisjoint(asked.seeker.is_so)


def full(service: Service, asked: Question) -> bool:
    """The service said lately that it has no room, and not only until a day that is past."""
    over = service.paused_until is not None and service.paused_until < asked.today
    return (
        service.capacity is Capacity.NO_CAPACITY and room_is_known(service, asked.at) and not over
    )


def helpers_full(service: Service, _asked: Question) -> bool:
    """Its helpers have as many people as they take on."""
    return service.at_limit


def time_full(service: Service, _asked: Question) -> bool:
    """Its helpers give all the time that they have, as far as it is known."""
    return service.time_full


def hard_cases_full(service: Service, _asked: Question) -> bool:
    """Its helpers have as many hard cases as they take on: nobody new until one has ended.

    Whether the new person would be one is not asked: that would sort people by what ails them.
    """
    return service.hard_full


def rests(service: Service, asked: Question) -> bool:
    """Its helper rests after an ending."""
    return service.rests_until is not None and asked.at < service.rests_until


def other_tasks(service: Service, asked: Question) -> bool:
    """The service says what it does, and what is needed is not among it."""
    said = asked.seeker.tasks & need_rules()[asked.need].tasks
    return bool(said and service.tasks) and not said <= service.tasks


def not_vetted(service: Service, asked: Question) -> bool:
    """A check is too low or has lapsed; or none is stated for regulated activity."""
    tasks = tasks_for(asked.need, asked.seeker.tasks, service.tasks)
    for task in tasks:
        wanted = required(frozenset({task}), asked.child).minimum
        if wanted is Vetting.NONE:
            continue
        cover = service.cover.get(task, _NOTHING)
        if cover.vetting is None:
            if wanted in _BARRED:
                return True
            continue
        until = cover.vetting_until
        if not covers(cover.vetting, wanted) or (until is not None and until < asked.today):
            return True
    return False


def not_insured(service: Service, asked: Question) -> bool:
    """Insurance for a task has lapsed; or none is stated for regulated activity."""
    if service.agency_kind in PUBLIC_BODIES:
        return False
    tasks = tasks_for(asked.need, asked.seeker.tasks, service.tasks)
    for task in tasks:
        until = service.cover.get(task, _NOTHING).insured_until or service.insured_until
        if until is not None and until < asked.today:
            return True
        if until is None and regulated(tasks, child=asked.child):
            return True
    return False


def not_trained(service: Service, asked: Question) -> bool:
    """The provider states for a task what its helpers are trained in, and something is missing."""
    for task in tasks_for(asked.need, asked.seeker.tasks, service.tasks):
        cover = service.cover.get(task)
        if cover is not None and not training(frozenset({task})) <= cover.training:
            return True
    return False


def closed_then(service: Service, asked: Question) -> bool:
    """The service states its days, and the person can do none of them."""
    days = asked.seeker.days
    return bool(days and service.open_days) and days.isdisjoint(service.open_days)


def no_language(service: Service, asked: Question) -> bool:
    """Nobody there speaks the person's language, and no interpreter comes."""
    return not asked.seeker.interpreter and asked.seeker.language not in service.languages


def no_access(service: Service, asked: Question) -> bool:
    """An access need is not met."""
    return not asked.seeker.access <= service.access


Filter = Callable[[Service, Question], bool]

FILTERS: tuple[tuple[RouteReason, Filter], ...] = (
    (RouteReason.PAUSED, paused),
    (RouteReason.NEVER_THIS_ONE, never),
    (RouteReason.TOO_CLOSE, too_close),
    (RouteReason.OUT_OF_AREA, out_of_area),
    (RouteReason.AGE, wrong_age),
    (RouteReason.NOT_ELIGIBLE, not_eligible),
    (RouteReason.RULED_OUT, ruled_out),
    (RouteReason.FULL, full),
    (RouteReason.HELPERS_FULL, helpers_full),
    (RouteReason.RESTS, rests),
    (RouteReason.OTHER_TASKS, other_tasks),
    (RouteReason.VETTING, not_vetted),
    (RouteReason.INSURANCE, not_insured),
    (RouteReason.TRAINING, not_trained),
    (RouteReason.CLOSED_THEN, closed_then),
    (RouteReason.LANGUAGE, no_language),
    (RouteReason.ACCESS, no_access),
    (RouteReason.TIME_FULL, time_full),
    (RouteReason.HARD_CASES_FULL, hard_cases_full),
)


def has_backup(service: Service, passed: frozenset[UUID]) -> bool:
    """Tell whether somebody named steps in, is open for this person too, and a miss is noticed.

    A public body answers for its own essential services.
    """
    return service.agency_kind in PUBLIC_BODIES or (
        service.missed_visit_alarm
        and service.backup_id is not None
        and service.backup_id in passed
        and service.backup_id != service.id
    )
