"""Mereford, a town that does not exist: the demonstration's agencies, services and agreements as
data.

Each line is chosen so that the main journeys can be walked: an agency with a system of its own,
agencies with the hub's inbox, a full service, one for another area, and an agreement that covers
less than the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from referral_hub.domain.codes import (
    AgencyKind,
    Capacity,
    Circumstance,
    InsuredBy,
    Manner,
    NeedCode,
    Role,
    TaskType,
    Training,
    Vetting,
)

AREAS = {
    "MF-HAR": "Harbour",
    "MF-NOR": "North Mereford",
    "MF-OLD": "Old Town",
    "MF-VAL": "Mere Valley villages",
}
EVERYWHERE = tuple(AREAS)


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """An agency of the town; `key` names it within this module."""

    key: str
    name: str
    kind: AgencyKind


@dataclass(frozen=True, slots=True)
class DemoCover:
    """How a service's helpers are checked, insured and trained for a task."""

    task: TaskType
    vetting: Vetting
    insured_by: InsuredBy = InsuredBy.OWN
    training: tuple[Training, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoService:
    """What an agency offers."""

    agency: str
    name: str
    description: str
    needs: tuple[NeedCode, ...]
    areas: tuple[str, ...] = EVERYWHERE
    minimum_age: int | None = 18
    capacity: Capacity = Capacity.CAPACITY
    wait_days: int | None = 7
    languages: tuple[str, ...] = ("en", "cy", "pl", "ur", "bsl")
    maximum_age: int | None = None
    cover: tuple[DemoCover, ...] = ()
    tasks: tuple[TaskType, ...] = ()
    manners: tuple[Manner, ...] = ()
    eligibility: tuple[Circumstance, ...] = ()
    exclusions: tuple[Circumstance, ...] = ()
    open_people_limit: int | None = None
    rest_days: int | None = None


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A sign-in of the demonstration."""

    username: str
    display_name: str
    agency: str
    role: Role


AGENCIES = (
    DemoAgency("surgery", "Harbour Street Surgery", AgencyKind.GP_PRACTICE),
    DemoAgency("hill", "Hill View Practice", AgencyKind.GP_PRACTICE),
    DemoAgency("council", "Mereford Council", AgencyKind.COUNCIL),
    DemoAgency("time_bank", "Mereford Time Bank", AgencyKind.TIME_BANK),
    DemoAgency("mentors", "Common Ground Peer Mentors", AgencyKind.PEER_MENTORING),
    DemoAgency("neighbours", "Mereford Good Neighbours", AgencyKind.VOLUNTARY_GROUP),
    DemoAgency("library", "Mereford Libraries", AgencyKind.LIBRARY),
    DemoAgency("fire", "Mere Valley Fire and Rescue", AgencyKind.FIRE_SERVICE),
    DemoAgency("parcels", "Doorstep Parcels", AgencyKind.EMPLOYER),
    DemoAgency("centre", "Old Town Children’s Centre", AgencyKind.VOLUNTARY_GROUP),
    DemoAgency("families", "Families Together Mereford", AgencyKind.VOLUNTARY_GROUP),
    DemoAgency("pupils", "Mereford Pupils’ Mentors", AgencyKind.PEER_MENTORING),
    DemoAgency("champion", "Mereford Victims’ Champion", AgencyKind.VOLUNTARY_GROUP),
    DemoAgency("loans", "Mere Valley Equipment Loans", AgencyKind.VOLUNTARY_GROUP),
    DemoAgency("streets", "Mereford Street Champions", AgencyKind.EMPLOYER),
    DemoAgency("volunteers", "Mereford Volunteer Centre", AgencyKind.VOLUNTARY_GROUP),
)

WITH_MONEY = DemoCover(
    TaskType.SHOPPING_WITH_MONEY,
    Vetting.ENHANCED_ADULTS,
    InsuredBy.COUNCIL_UMBRELLA,
    (Training.HANDLING_MONEY,),
)

SERVICES = (
    DemoService(
        "time_bank",
        "Neighbourly hours",
        "Members give an hour to each other: shopping, gardens, small jobs, lifts.",
        (NeedCode.SHOPPING_MEALS, NeedCode.GARDEN_HOME_JOBS, NeedCode.LIFTS),
        wait_days=3,
        cover=(
            WITH_MONEY,
            DemoCover(TaskType.SHOPPING_DELIVERED, Vetting.BASIC),
            DemoCover(TaskType.LIFT_TO_CARE, Vetting.ENHANCED_ADULTS),
            DemoCover(TaskType.LIFT_ELSEWHERE, Vetting.BASIC),
            DemoCover(TaskType.HOME_JOBS, Vetting.BASIC),
        ),
        manners=(Manner.ONE_TO_ONE,),
    ),
    DemoService(
        "neighbours",
        "Friendly visits",
        "A volunteer who visits or rings each week.",
        (NeedCode.LONELY, NeedCode.CANNOT_GET_OUT, NeedCode.SHOPPING_MEALS),
        wait_days=10,
        cover=(DemoCover(TaskType.COMPANY, Vetting.BASIC), WITH_MONEY),
        manners=(Manner.ONE_TO_ONE,),
    ),
    DemoService(
        "mentors",
        "Someone who has been there",
        "Peer mentors with their own experience of hard times.",
        (NeedCode.BEEN_THERE, NeedCode.DRINK_DRUGS, NeedCode.LONELY),
        wait_days=5,
        cover=(
            DemoCover(TaskType.MENTORING, Vetting.ENHANCED, training=(Training.MENTORING,)),
            DemoCover(TaskType.COMPANY, Vetting.BASIC),
        ),
        manners=(Manner.PEER,),
    ),
    DemoService(
        "library",
        "Home library",
        "Books and a chat at the door, every fortnight.",
        (NeedCode.CANNOT_GET_OUT,),
        minimum_age=None,
        wait_days=14,
        cover=(DemoCover(TaskType.COMPANY, Vetting.ENHANCED_CHILDREN),),
    ),
    DemoService(
        "fire",
        "Safe and well visit",
        "Smoke alarms and a look round for hazards.",
        (NeedCode.HOME_SAFETY,),
        minimum_age=None,
        wait_days=9,
    ),
    DemoService(
        "neighbours",
        "Valley lunch club",
        "Lunch together on Wednesdays; full until the spring.",
        (NeedCode.LONELY,),
        areas=("MF-VAL",),
        capacity=Capacity.NO_CAPACITY,
    ),
    DemoService(
        "council",
        "Adult care front door",
        "The council's duty team: benefits, carers, equipment, and whatever nobody else can do.",
        (
            NeedCode.MONEY_BENEFITS,
            NeedCode.CARING_TOO_MUCH,
            NeedCode.EQUIPMENT,
            NeedCode.PARENTING,
            NeedCode.LEARN_WORK_VOLUNTEER,
            NeedCode.WANT_TO_HELP,
        ),
        wait_days=5,
    ),
)

STAFF = (
    DemoStaff("gp", "Dr Amara Osei", "surgery", Role.REFERRER),
    DemoStaff("nurse", "Beth Rowlands", "surgery", Role.REFERRER),
    DemoStaff("surgery-dpo", "Iris Kaplan", "surgery", Role.DATA_PROTECTION_OFFICER),
    DemoStaff("surgery-admin", "Tom Fielding", "surgery", Role.AGENCY_ADMIN),
    DemoStaff("hill-gp", "Dr Sunil Rao", "hill", Role.REFERRER),
    DemoStaff("hill-dpo", "Freya Lund", "hill", Role.DATA_PROTECTION_OFFICER),
    DemoStaff("council", "Joan Whitaker", "council", Role.COUNCIL_OFFICER),
    DemoStaff("council-admin", "Asha Menon", "council", Role.AGENCY_ADMIN),
    DemoStaff("council-dpo", "Marek Nowak", "council", Role.DATA_PROTECTION_OFFICER),
    DemoStaff("council-figures", "Rosa Pike", "council", Role.COMMISSIONER),
    DemoStaff("neighbours", "Pat Okafor", "neighbours", Role.COORDINATOR),
    DemoStaff("mentors", "Lee Sandhu", "mentors", Role.COORDINATOR),
    DemoStaff("library", "Grace Ellery", "library", Role.COORDINATOR),
    DemoStaff("fire", "Ben Adeyemi", "fire", Role.COORDINATOR),
    DemoStaff("librarian", "Nia Prosser", "library", Role.REFERRER),
    DemoStaff("library-admin", "Owen Baines", "library", Role.AGENCY_ADMIN),
    DemoStaff("firefighter", "Sam Keane", "fire", Role.REFERRER),
    DemoStaff("fire-admin", "Ruth Achebe", "fire", Role.AGENCY_ADMIN),
    DemoStaff("centre", "Mo Lindqvist", "centre", Role.REFERRER),
    DemoStaff("parcels-admin", "Dev Malik", "parcels", Role.AGENCY_ADMIN),
)

# where an agency is, how to ring it, and its data protection officer's address; nobody is there
CONTACTS = {
    "surgery": ("2 Harbour Street, Mereford MF1 1AB", "01632 960010", "dpo@harbour.example"),
    "hill": ("Hill View, Mere Valley MF7 3QX", "01632 960020", "dpo@hillview.example"),
    "council": ("Town Hall, Mereford MF1 2AA", "01632 960030", "dpo@mereford.example"),
    "time_bank": ("The Old Forge, Mereford MF2 4TB", "01632 960040", ""),
    "mentors": ("9 Common Lane, Mereford MF3 1PM", "01632 960050", ""),
    "neighbours": ("St Brannoc’s Hall, Mereford MF1 3GN", "01632 960060", ""),
    "library": ("Market Square, Mereford MF1 2LB", "01632 960070", ""),
    "fire": ("Station Road, Mereford MF4 9FS", "01632 960080", ""),
    "centre": ("4 Priory Lane, Mereford MF5 2CC", "01632 960090", ""),
}

# who approve the policy that the demonstration decides by
ADMINISTRATORS = ("surgery-admin", "council-admin")

# sender -> recipients whose sharing agreement is in date
AGREEMENTS = {
    "surgery": ("council", "time_bank", "mentors", "neighbours", "library"),
    "hill": ("council", "neighbours"),
    "council": ("council", "time_bank", "mentors", "neighbours", "library", "fire"),
    "library": ("council", "time_bank", "mentors", "neighbours"),
    "fire": ("council", "time_bank", "neighbours"),
    "centre": ("council", "families", "neighbours", "loans"),
}
