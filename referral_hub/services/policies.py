"""Which policy may decide: the one that two administrators approved last, and no other.

The tables of the law are files that come with a release. Whoever can change a file must not be able
to change what is disclosed: the hash of what is installed is compared with the last approval in the
log, where one administrator proposed it and another one approved it. An older policy that was
approved once is refused like any other until it is approved again. The texts are kept by hash, so
that decisions of years ago can be made again (`services.replay_decisions`).

In production nothing that decides starts with another policy (`require_approved`); in development
rules are edited all day, so nothing is refused there. The limit: a process goes on with the policy
that it was started with, and every decision names it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from consent.evidence.canonical import canonical
from consent.evidence.entry import EntryError, decode
from consent.model import ConsentError
from consent.policy import current_policy, load_policy, read_tables, rule_source
from consent.policy import policy_hash as hash_of
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.decisions import KnownPolicy, Policies
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict, HubError
from referral_hub.services.hub import Hub
from referral_hub.store import change, directory, policies
from referral_hub.store.change import LogRow


class PolicyNotApproved(HubError):
    """The installed policy is not the one that was approved last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Hashes of the policy installed, approved last, and proposed and not yet approved."""

    installed: str
    approved: str | None
    proposed: str | None

    @property
    def may_decide(self) -> bool:
        """Whether the installed policy is the approved one."""
        return self.installed == self.approved


def standing(hub: Hub) -> Standing:
    """Return how the installed policy stands."""
    with hub.database.working() as connection:
        approved = policies.newest(connection, policies.APPROVED)
        proposed = policies.newest(connection, policies.PROPOSED)
    waiting = proposed and (approved is None or approved.id < proposed.id)
    return Standing(
        installed=current_policy().hash,
        approved=_hash_in(approved),
        proposed=_hash_in(proposed) if waiting else None,
    )


def propose(hub: Hub, actor: Actor) -> str:
    """Propose the installed policy, and keep its texts; return its hash.

    Raises Forbidden; Conflict when it is the approved one already.
    """
    access.require(actor, Permission.APPROVE_POLICY)
    found = standing(hub)
    if found.may_decide:
        raise Conflict("The installed policy is the approved one; there is nothing to propose.")
    texts = canonical(dict(read_tables())).decode(), rule_source()
    with hub.database.working() as connection:
        policies.keep(connection, found.installed, texts=texts, at=hub.clock())
        entry = _entry(hub, actor, found.installed)
        change.write(connection, change.Change([entry]))
    return found.installed


def approve(hub: Hub, actor: Actor, policy_hash: str) -> None:
    """Approve what another administrator proposed last and is installed here.

    Raises Forbidden; Conflict for another policy, and for one's own proposal.
    """
    access.require(actor, Permission.APPROVE_POLICY)
    with hub.database.working() as connection:
        proposed = policies.newest(connection, policies.PROPOSED)
        approved = policies.newest(connection, policies.APPROVED)
        done = proposed and approved and proposed.id < approved.id
        if proposed is None or done or _hash_in(proposed) != policy_hash:
            raise Conflict("This policy is not the one proposed last. Look again: hub policy show")
        if policy_hash != current_policy().hash:
            raise Conflict("What was proposed is not what is installed here; install that release.")
        if proposed.actor_user_id == actor.user_id:
            raise Conflict("You proposed this policy; another administrator must approve it.")
        entry = _entry(hub, actor, policy_hash, proposal=proposed.id)
        change.write(connection, change.Change([entry]))


def require_approved(hub: Hub) -> None:
    """Return if the installed policy may decide; in development every policy may.

    Raises PolicyNotApproved, once for each policy logged as refused; ServiceUnavailable when nobody
    can tell.
    """
    if not hub.settings.production:
        return
    found = standing(hub)
    if not found.may_decide:
        _log_refusal(hub, found)
        raise PolicyNotApproved(
            "The hub does not start: its policy is not the one that was approved last.\n"
            f"  installed  {found.installed}\n  approved   {found.approved or 'none yet'}\n"
            "Two administrators approve it, one after the other:\n"
            "  hub policy show\n  hub policy propose --as FIRST\n"
            f"  hub policy approve {found.installed} --as SECOND"
        )


def _log_refusal(hub: Hub, found: Standing) -> None:
    """Append once for each policy that was refused; a supervisor starts again and again."""
    with hub.database.working() as connection:
        refused = policies.newest(connection, policies.REFUSED)
        approved = policies.newest(connection, policies.APPROVED)
        newer = refused and (approved is None or approved.id < refused.id)
        if newer and _hash_in(refused) == found.installed:
            return
        agencies = directory.agency_ids(connection)
        if not agencies:
            return
        event = Event(
            type=EntryType.POLICY,
            sender=agencies[0],
            outcome=policies.REFUSED,
            policy_hash=found.installed,
            details={"approved": found.approved} if found.approved else {},
        )
        entry = prepare(event, hub.keys, hub.clock())
        change.write(connection, change.Change([entry]))


def known_policies(hub: Hub) -> Policies:
    """Return what finds a policy by its hash: the installed one, or one whose texts are kept.

    A kept text that does not have its hash, or that these rules cannot read, is not known. A table
    that an older release did not have yet is the installed one.
    """
    found: dict[str, KnownPolicy | None] = {}

    def by_hash(policy_hash: str) -> KnownPolicy | None:
        if policy_hash not in found:
            found[policy_hash] = _load(hub, policy_hash)
        return found[policy_hash]

    return by_hash


def changes(hub: Hub) -> Iterator[str]:
    """Yield the lines in which the installed tables differ from the approved ones."""
    approved = standing(hub).approved
    with hub.database.working() as connection:
        texts = policies.kept(connection, approved) if approved else None
    before = json.loads(texts[0]) if texts else {}
    yield from difflib.unified_diff(
        _lines(before), _lines(dict(read_tables())), "approved", "installed", lineterm="", n=1
    )
    if texts and texts[1] != rule_source():
        yield "The rules themselves (consent/*.py) differ as well: compare the releases."


def _load(hub: Hub, policy_hash: str) -> KnownPolicy | None:
    installed = current_policy()
    if policy_hash == installed.hash:
        return KnownPolicy(installed, installed=True)
    with hub.database.working() as connection:
        texts = policies.kept(connection, policy_hash)
    if texts is None:
        return None
    try:
        tables = json.loads(texts[0])
        if hash_of(tables, texts[1]) != policy_hash:
            return None
        policy = load_policy({**read_tables(), **tables}, texts[1])
    except (ConsentError, ValueError, KeyError, TypeError):
        return None
    return KnownPolicy(replace(policy, hash=policy_hash), installed=texts[1] == rule_source())


def _hash_in(found: policies.PolicyEntry | None) -> str | None:
    """What an entry's own bytes say; the columns beside them decide nothing."""
    try:
        return decode(found.entry).policy_hash if found else None
    except EntryError:
        return None


def _entry(hub: Hub, actor: Actor, policy_hash: str, *, proposal: UUID | None = None) -> LogRow:
    """The entry of a proposal, or of the approval of `proposal`."""
    event = Event(
        type=EntryType.POLICY,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=policies.APPROVED if proposal else policies.PROPOSED,
        policy_hash=policy_hash,
        details={"proposal": str(proposal)} if proposal else {},
    )
    return prepare(event, hub.keys, hub.clock())


def _lines(tables: dict[str, object]) -> list[str]:
    return json.dumps(tables, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
