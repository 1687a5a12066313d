"""The schemes that a town may have, one line each: what each of them is in Mereford.

They work in the Old Town and in the villages, so that Harbour stays the small directory that the
demonstration's main journeys walk through. Each is reachable as a destination, as a source, or as
both; `tests/services/test_schemes.py` walks them all.
"""

from __future__ import annotations

from referral_hub.domain.codes import (
    Circumstance,
    Manner,
    NeedCode,
    TaskType,
    Training,
    Vetting,
)
from referral_hub.services.demo_town import (
    WITH_MONEY,
    DemoCover,
    DemoService,
)

PLACES = ("MF-OLD", "MF-VAL")

_FAMILY = DemoCover(
    TaskType.FAMILY_SUPPORT, Vetting.ENHANCED_CHILDREN, training=(Training.SAFEGUARDING,)
)
_CHILD = DemoCover(
    TaskType.CHILD_MENTORING,
    Vetting.ENHANCED_CHILDREN,
    training=(Training.MENTORING, Training.SAFEGUARDING),
)
_AFFAIRS = DemoCover(TaskType.AFFAIRS, Vetting.ENHANCED_ADULTS)
_CARE = DemoCover(
    TaskType.PERSONAL_CARE, Vetting.ENHANCED_BOTH, training=(Training.MOVING_AND_HANDLING,)
)
_COMPANY = DemoCover(TaskType.COMPANY, Vetting.BASIC)

SCHEME_SERVICES = (
    DemoService(
        "centre",
        "Stay and play",
        "Mornings for families with small children, and somebody to talk to.",
        (NeedCode.PARENTING,),
        PLACES,
        minimum_age=None,
        tasks=(TaskType.GROUP_ACTIVITY,),
        manners=(Manner.GROUP,),
        eligibility=(Circumstance.PARENT_OF_YOUNG_CHILD, Circumstance.EXPECTING),
    ),
    DemoService(
        "families",
        "A visitor for your family",
        "A trained parent who comes each week while things are hard.",
        (NeedCode.PARENTING, NeedCode.CARING_TOO_MUCH),
        PLACES,
        cover=(_FAMILY,),
        tasks=(TaskType.FAMILY_SUPPORT,),
        manners=(Manner.ONE_TO_ONE,),
    ),
    DemoService(
        "families",
        "One family with another",
        "A family that has come through helps one that is in it. Both say yes first.",
        (NeedCode.PARENTING, NeedCode.BEEN_THERE),
        PLACES,
        cover=(
            _FAMILY,
            _CHILD,
            DemoCover(TaskType.MENTORING, Vetting.ENHANCED, training=(Training.MENTORING,)),
        ),
        tasks=(TaskType.FAMILY_SUPPORT, TaskType.MENTORING),
        manners=(Manner.HOUSEHOLD, Manner.PEER),
        open_people_limit=1,
        rest_days=28,
    ),
    DemoService(
        "pupils",
        "A mentor at school",
        "Older pupils and young adults who were there not long ago.",
        (NeedCode.LEARN_WORK_VOLUNTEER, NeedCode.BEEN_THERE),
        PLACES,
        minimum_age=8,
        maximum_age=18,
        cover=(_CHILD,),
        tasks=(TaskType.CHILD_MENTORING,),
        manners=(Manner.PEER,),
    ),
    DemoService(
        "champion",
        "Beside you after a crime",
        "An advocate who speaks up for you with the police, the court and the landlord.",
        (NeedCode.BEEN_THERE, NeedCode.MONEY_BENEFITS),
        PLACES,
        cover=(
            _AFFAIRS,
            DemoCover(TaskType.MENTORING, Vetting.ENHANCED, training=(Training.MENTORING,)),
        ),
        tasks=(TaskType.AFFAIRS, TaskType.MENTORING),
        manners=(Manner.ONE_TO_ONE,),
    ),
    DemoService(
        "loans",
        "Wheelchairs and walkers to borrow",
        "Short loans of equipment, brought to the door.",
        (NeedCode.EQUIPMENT,),
        PLACES,
        minimum_age=None,
        tasks=(TaskType.LENDING,),
    ),
    DemoService(
        "volunteers",
        "Volunteering in Mereford",
        "A talk about what you could give, and where it is wanted.",
        (NeedCode.WANT_TO_HELP, NeedCode.LEARN_WORK_VOLUNTEER),
        PLACES,
        minimum_age=16,
        tasks=(TaskType.VOLUNTEERING,),
    ),
    DemoService(
        "volunteers",
        "Street champions",
        "Look after a street and report what is broken: places, never people.",
        (NeedCode.WANT_TO_HELP,),
        PLACES,
        minimum_age=16,
        tasks=(TaskType.VOLUNTEERING,),
    ),
    DemoService(
        "time_bank",
        "Credits to spend in town",
        "Earn hours, and spend them at the pool, the theatre and the bus company.",
        (NeedCode.WANT_TO_HELP,),
        PLACES,
        tasks=(TaskType.VOLUNTEERING,),
    ),
    DemoService(
        "neighbours",
        "Tuesday club",
        "Cards, lunch and outings for older people.",
        (NeedCode.LONELY,),
        PLACES,
        minimum_age=60,
        tasks=(TaskType.GROUP_ACTIVITY,),
        manners=(Manner.GROUP,),
    ),
    DemoService(
        "council",
        "Personal assistants’ register",
        "People who can be employed to help at home, checked and trained.",
        (NeedCode.CARING_TOO_MUCH,),
        PLACES,
        cover=(_CARE, _COMPANY),
        tasks=(TaskType.PERSONAL_CARE, TaskType.COMPANY),
    ),
    DemoService(
        "council",
        "Your own budget",
        "The same choices, whoever holds the money: the council, an agent, or you.",
        (NeedCode.CARING_TOO_MUCH, NeedCode.EQUIPMENT),
        PLACES,
        tasks=(TaskType.ADVICE, TaskType.LENDING),
    ),
    DemoService(
        "council",
        "Training and insurance for small groups",
        "Courses for helpers, and the council’s umbrella insurance for what they do.",
        (NeedCode.LEARN_WORK_VOLUNTEER, NeedCode.WANT_TO_HELP),
        PLACES,
        tasks=(TaskType.LEARNING,),
    ),
    DemoService(
        "library",
        "Information point",
        "One place that knows what there is in town, at the desk and by telephone.",
        (NeedCode.MONEY_BENEFITS,),
        PLACES,
        minimum_age=None,
        tasks=(TaskType.ADVICE,),
    ),
    DemoService(
        "neighbours",
        "Rounds that never fail",
        "Two neighbours share each round, and somebody notices a missed visit.",
        (NeedCode.SHOPPING_MEALS,),
        PLACES,
        cover=(WITH_MONEY,),
        tasks=(TaskType.SHOPPING_WITH_MONEY,),
    ),
)

# service -> who steps in when a visit is missed, which somebody then notices
BACKUPS = {"Rounds that never fail": "Neighbourly hours"}
