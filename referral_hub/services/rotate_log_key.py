"""Roll the log's signing key over: for a while two keys sign, then the older one is retired.

While both sign, officers and witnesses pin the new key, each when it suits them: a verifier needs
one of the two. That a key came and that one went stands in the log under both signatures, so
nobody can slip a key in: the retirement's entry is integrated before the secret is removed. The
limit: other processes sign with the right keys at once, and show the new key after a restart.
"""

from __future__ import annotations

from collections.abc import Callable

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.store import change, directory


def add_log_key(hub: Hub, signer: LogSigner) -> str:
    """Make a new key beside the old one; return its vkey. Raises Conflict, LogUnavailable."""
    return _logged(hub, "log_key_added", signer.add_key)


def retire_log_key(hub: Hub, signer: LogSigner) -> str:
    """Retire the older of two keys; return its vkey. Raises Conflict, LogUnavailable."""
    if len(signer.vkeys) < 2:
        raise Conflict("The log has one key; make a new one first (hub rotate-keys --log).")
    _logged(hub, "log_key_retired", lambda: signer.vkeys[-1])
    return signer.retire_key()


def _logged(hub: Hub, outcome: str, key: Callable[[], str]) -> str:
    """Every agency's evidence stands on the log's key, so each gets its own entry."""
    found, at = key(), hub.clock()
    with hub.database.working() as connection:
        entries = [
            prepare(
                Event(
                    type=EntryType.KEY,
                    sender=agency_id,
                    actor_agency=agency_id,
                    outcome=outcome,
                    details={"log_key": found},
                ),
                hub.keys,
                at,
            )
            for agency_id in directory.agency_ids(connection)
        ]
        if entries:
            change.write(connection, change.Change(entries))
    ensure_integrated(hub.database, hub.integrator, [row.entry["id"] for row in entries])
    return found
