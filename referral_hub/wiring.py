"""The composition root: settings become a running hub. It constructs and decides nothing.

The log's signing key is only given to a hub that integrates. In development every process of one
machine holds it, so that a page never waits for the worker; in production only the worker does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapters.registry import load_registry
from adapters.transports.smtp import MailServer, MailServerAddressError, mail_server
from adapters.transports.witness_post import acceptable
from consent.evidence.checkpoint import CheckpointError, Verifier
from consent.evidence.pins import Pins
from consent.evidence.witness_policy import PolicyError, WitnessPolicy, parse_policy
from referral_hub.audit.integrate import Integrator
from referral_hub.clock import Clock, system_clock
from referral_hub.crypto.incoming import HubBox
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.crypto.partner import HubSigner
from referral_hub.crypto.passwords import Passwords
from referral_hub.domain.working_days import packaged, with_days
from referral_hub.outbox.doorbell import Doorbell, RedisDoorbell, SilentDoorbell
from referral_hub.services.hub import Hub
from referral_hub.settings import Settings, SettingsError
from referral_hub.store.engine import open_database


def build_hub(settings: Settings, *, clock: Clock = system_clock) -> Hub:
    """Return a hub over the servers that `settings` names; connects when first used.

    Raises KeyUnavailable when the key service refuses, SettingsError for a witness policy or a
    file of bank holidays that is none, and ValueError without a database address.
    """
    if settings.database_url is None:
        raise ValueError("settings name no database: start the private servers first")
    _check_bank_holidays(settings.bank_holidays)
    directory = settings.key_directory
    keys = FileKeyService(directory / "roots", production=settings.production)
    log_signer = open_log_signer(settings)
    memory = log_memory(settings)
    database = open_database(settings.database_url)
    return Hub(
        settings=settings,
        database=database,
        keys=keys,
        hub_signer=HubSigner(directory / "hub.key"),
        integrator=Integrator(database, log_signer, memory, clock),
        log_vkey=log_signer.vkey,
        log_vkeys=(*log_signer.vkeys, *log_signer.retired),
        signer_memory=memory,
        clock=clock,
        doorbell=_doorbell(settings),
        passwords=Passwords(),
        box=HubBox(directory),
        registry=load_registry(
            now=clock,
            mail_server=_mail_server(settings),
            callbacks_here=settings.callbacks_here,
            push_here=not settings.production,
        ),
        witness_policy=_witness_policy(settings.witness_policy, log_signer.vkeys),
    )


def _check_bank_holidays(path: Path | None) -> None:
    """Refuse a file that cannot be read when the hub starts; later on the log says so."""
    try:
        if path is not None:
            with_days(packaged(), path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError((f"HUB_BANK_HOLIDAYS: {error}.",)) from None


def without_log_key(hub: Hub) -> Hub:
    """Return the same hub as a production web process has it: it waits for the integrator."""
    return replace(hub, integrator=None)


def open_log_signer(settings: Settings) -> LogSigner:
    """Return the log's signing keys. Raises KeyUnavailable, CryptoError."""
    return LogSigner(settings.key_directory / "log.key", origin=settings.log_origin)


def log_memory(settings: Settings) -> Path:
    """Return where the integrator remembers what it signed last."""
    return settings.key_directory / "log-memory.json"


def _witness_policy(path: Path | None, vkeys: Sequence[str]) -> WitnessPolicy | None:
    """Read the policy as an officer's verifier does, and refuse addresses that are never asked."""
    if path is None:
        return None
    try:
        policy = parse_policy(path.read_bytes())
        ours = [Verifier.from_vkey(vkey) for vkey in vkeys]
        listed = {party.verifier for party in policy.logs}
        Pins([key for key in ours if key in listed] or ours, policy=policy)
    except (CheckpointError, PolicyError) as error:
        raise SettingsError((f"HUB_WITNESS_POLICY: {error}.",)) from None
    if not all(acceptable(party.url) for party in policy.witnesses if party.url):
        raise SettingsError(
            ("HUB_WITNESS_POLICY: a witness's address must begin with https://, without a query.",)
        )
    return policy


def _mail_server(settings: Settings) -> MailServer | None:
    if settings.smtp_url is None:
        return None
    try:
        return mail_server(settings.smtp_url, settings.mail_from)
    except MailServerAddressError as error:
        raise SettingsError((f"HUB_SMTP_URL {error}.",)) from None


def _doorbell(settings: Settings) -> Doorbell:
    return RedisDoorbell(settings.redis_url) if settings.redis_url else SilentDoorbell()
