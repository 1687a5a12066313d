"""What every use case is given: the parts of a running hub, built once by `referral_hub.wiring`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from adapters.registry import Registry
from consent.evidence.witness_policy import WitnessPolicy
from referral_hub.audit.integrate import Integrator
from referral_hub.clock import Clock
from referral_hub.crypto.incoming import HubBox
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.partner import HubSigner
from referral_hub.crypto.passwords import Passwords
from referral_hub.crypto.remembering import RememberingKeys
from referral_hub.outbox.doorbell import Doorbell
from referral_hub.settings import Settings
from referral_hub.store.engine import Database


@dataclass(frozen=True)
class Hub:
    """Settings, database, keys, clock, bell and wires. `log_vkey` is the log's newest key and
    `log_vkeys` every key that ever signed it. `integrator` is None where no log key is
    held, `witness_policy` where nobody witnesses the log.
    """

    settings: Settings
    database: Database
    keys: KeyService
    hub_signer: HubSigner
    integrator: Integrator | None
    log_vkey: str
    log_vkeys: tuple[str, ...]
    signer_memory: Path
    clock: Clock
    doorbell: Doorbell
    passwords: Passwords
    registry: Registry
    box: HubBox
    witness_policy: WitnessPolicy | None = None

    def __repr__(self) -> str:
        return "<Hub>"

    def for_one_use_case(self) -> Hub:
        """Return the same hub, asking the key service once for each key while this one lasts."""
        return replace(self, keys=RememberingKeys(self.keys))
