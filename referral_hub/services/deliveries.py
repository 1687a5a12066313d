"""What waits for whom, and stopping and starting it: for operators, and for an agency itself.

An operator is the administrator of an agency that is accountable for an area: it sees the queues of
the referrals that it is accountable for and can stop an agency or a whole way out. Every other
administrator can stop and start what comes to their own agency. A stop holds back and loses
nothing: what waits keeps its tries and its place. What a worker has taken up already, within the
last minute or so, still leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.deliveries import Way, way_of
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, NotFound
from referral_hub.outbox.breaker import Breaker, BreakerState, state_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, deliveries
from referral_hub.store.deliveries import MAIL_SERVER, BreakerRow, Queue, Reached, StopRow
from referral_hub.store.engine import Connection


@dataclass(frozen=True, slots=True)
class Destination:
    """One agency: what waits for it, by way, its breaker, and who holds it back."""

    agency: Reached
    queues: Sequence[Queue]
    breaker: BreakerState
    retry_at: datetime | None
    stopped_by_us: bool
    stopped_by_others: bool

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return sum(queue.waiting for queue in self.queues)

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest waits."""
        return min((queue.oldest for queue in self.queues if queue.oldest), default=None)

    @property
    def need_a_person(self) -> int:
        """How many gave up."""
        return sum(queue.need_a_person for queue in self.queues)

    @property
    def last_codes(self) -> list[str]:
        """The newest codes of failed attempts, each once."""
        return list(dict.fromkeys(code for queue in self.queues for code in queue.last_codes))


@dataclass(frozen=True, slots=True)
class Outward:
    """A way out of the hub, and whether it is stopped as a whole."""

    way: Way
    stopped_by_us: bool
    stopped_by_others: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Every destination that the reader looks after; an operator sees the ways out as well."""

    destinations: Sequence[Destination]
    ways: Sequence[Outward]
    mail_server: BreakerState
    mail_retry_at: datetime | None


def overview(hub: Hub, actor: Actor) -> Overview:
    """Return what waits and what holds it back; five statements, however much there is."""
    access.require(actor, Permission.OPERATE)
    with hub.database.acting_for(actor.agency_id) as connection:
        operator = deliveries.operates(connection, actor.agency_id)
        agencies = deliveries.reached(connection, None if operator else actor.agency_id)
        queues = deliveries.queues(connection) if operator else []
        seen = _Seen(deliveries.stops(connection), deliveries.breakers(connection), hub.clock())
    return seen.overview(agencies, queues, us=actor.agency_id, ways=operator)


def whole_overview(hub: Hub) -> Overview:
    """Return the same of every agency, for whoever runs the hub at the command line."""
    with hub.database.working() as connection:
        agencies, queues = deliveries.reached(connection), deliveries.queues(connection)
        seen = _Seen(deliveries.stops(connection), deliveries.breakers(connection), hub.clock())
    return seen.overview(agencies, queues, us=None, ways=True)


def stop_agency(hub: Hub, actor: Actor, agency_id: UUID) -> None:
    """Hold back what goes to an agency: one's own, or any for an operator.

    Stopping again changes nothing. Raises NotFound.
    """
    _switch(hub, actor, agency_id=agency_id, way=None, stopping=True)


def start_agency(hub: Hub, actor: Actor, agency_id: UUID) -> None:
    """Let it go again. Raises NotFound, Conflict where somebody else holds it back."""
    _switch(hub, actor, agency_id=agency_id, way=None, stopping=False)


def stop_way(hub: Hub, actor: Actor, way: Way) -> None:
    """Hold back everything that leaves on a way, as an operator. Raises NotFound."""
    _switch(hub, actor, agency_id=None, way=way, stopping=True)


def start_way(hub: Hub, actor: Actor, way: Way) -> None:
    """Let it go again. Raises NotFound, Conflict where somebody else holds it back."""
    _switch(hub, actor, agency_id=None, way=way, stopping=False)


def replay_agency(hub: Hub, actor: Actor, agency_id: UUID) -> int:
    """Try everything again that gave up on an agency, under its old effect ids; returns how many.

    Raises NotFound for who is no operator.
    """
    access.require(actor, Permission.OPERATE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        _require_operator(connection, actor)
        revived = deliveries.revive_all(connection, agency_id, at)
        if revived:
            entry = _entry(hub, actor, "replayed", agency_id=agency_id, way=None)
            change.write(connection, change.Change([entry]))
    hub.doorbell.ring()
    return len(revived)


def _switch(
    hub: Hub, actor: Actor, *, agency_id: UUID | None, way: Way | None, stopping: bool
) -> None:
    access.require(actor, Permission.OPERATE)
    at, value = hub.clock(), way.value if way else None
    with hub.database.acting_for(actor.agency_id) as connection:
        if agency_id != actor.agency_id:
            _require_operator(connection, actor)
        if agency_id is not None and not deliveries.reached(connection, agency_id):
            raise NotFound
        if stopping:
            row = {
                "id": new_id(at),
                "operator": actor.agency_id,
                "agency": agency_id,
                "way": value,
                "by": actor.user_id,
                "at": at,
            }
            if not deliveries.stop(connection, row):
                return
        elif not deliveries.start(connection, actor.agency_id, agency_id=agency_id, way=value):
            raise Conflict("This was started already, or somebody else has stopped it.")
        outcome = "deliveries_stopped" if stopping else "deliveries_started"
        entry = _entry(hub, actor, outcome, agency_id=agency_id, way=way)
        change.write(connection, change.Change([entry]))
    hub.doorbell.ring()


def _require_operator(connection: Connection, actor: Actor) -> None:
    if not deliveries.operates(connection, actor.agency_id):
        raise NotFound


def _entry(
    hub: Hub, actor: Actor, outcome: str, *, agency_id: UUID | None, way: Way | None
) -> change.LogRow:
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        recipient=agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=outcome,
        details={"way": way.value} if way else {},
    )
    return prepare(event, hub.keys, hub.clock())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What holds deliveries back at an instant."""

    stops: Sequence[StopRow]
    breakers: Mapping[UUID, BreakerRow]
    at: datetime

    def overview(
        self, agencies: Sequence[Reached], queues: Sequence[Queue], *, us: UUID | None, ways: bool
    ) -> Overview:
        by_agency: dict[UUID, list[Queue]] = {}
        for queue in queues:
            by_agency.setdefault(queue.agency_id, []).append(queue)
        mail_server, mail_retry_at = self._breaker(MAIL_SERVER, Way.EMAIL_LINK)
        return Overview(
            destinations=[
                self._destination(agency, by_agency.get(agency.agency_id, ()), us)
                for agency in agencies
            ],
            ways=[self._way(way, us) for way in Way] if ways else (),
            mail_server=mail_server,
            mail_retry_at=mail_retry_at,
        )

    def _destination(
        self, agency: Reached, queues: Sequence[Queue], us: UUID | None
    ) -> Destination:
        state, retry_at = self._breaker(agency.agency_id, way_of(agency.transport))
        mine = [stop for stop in self.stops if stop.agency_id == agency.agency_id]
        ours, others = self._whose(mine, us)
        return Destination(agency, queues, state, retry_at, ours, others)

    def _way(self, way: Way, us: UUID | None) -> Outward:
        return Outward(way, *self._whose([stop for stop in self.stops if stop.way == way], us))

    def _whose(self, stops: Sequence[StopRow], us: UUID | None) -> tuple[bool, bool]:
        ours = [stop for stop in stops if stop.operator_agency_id == us]
        return bool(ours), len(ours) < len(stops)

    def _breaker(self, destination: UUID, way: Way) -> tuple[BreakerState, datetime | None]:
        row = self.breakers.get(destination)
        if row is None or row.way != way:
            return BreakerState.CLOSED, None
        breaker = Breaker(row.failures, row.opened_at, row.retry_at, row.last_code)
        return state_of(breaker, self.at), row.retry_at
