"""What an officer pins, and the one check that a checkpoint must pass before it is believed.

A verifier that takes the key or the last state from the log that it checks verifies nothing. So
the log's keys, its origin, the officer's own last checkpoint and the witnesses' keys come in from
outside, together, and are refused when they grant nothing: no key, keys of two names, a witness's
key in the log's place, a quorum that cannot be met. The limit: whoever can change the officer's
own files can change what is trusted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import (
    Checkpoint,
    CheckpointError,
    ForgedNote,
    SignatureType,
    Signer,
    UntrustedNote,
    Verifier,
    parse_checkpoint,
    verify_note,
)
from consent.evidence.witness_policy import WitnessPolicy


@dataclass(frozen=True, slots=True)
class Pins:
    """What the officer trusts; CheckpointError when it is not fit to be trusted.

    `log_keys`: at least one, all of one name, which is the log's origin (two while a key rolls
    over). `previous`: the officer's own last checkpoint, a signed note. `witnesses` are cosigning
    keys (type 0x04), of which `quorum` must have signed; or `policy` says which must have.
    """

    log_keys: Sequence[Verifier]
    previous: bytes | None = None
    witnesses: Sequence[Verifier] = ()
    quorum: int = 0
    policy: WitnessPolicy | None = None

    def __post_init__(self) -> None:
        if len({key.name for key in self.log_keys}) != 1:
            raise CheckpointError("log keys: at least one is needed, all with the log's own name")
        if any(key.kind is not SignatureType.ED25519 for key in self.log_keys):
            raise CheckpointError("log keys: a witness's key cannot stand for the log")
        if any(key.kind is not SignatureType.COSIGNATURE_V1 for key in self.witnesses):
            raise CheckpointError("witness keys: must be of the cosigning type")
        if not 0 <= self.quorum <= len({key.public_key for key in self.witnesses}):
            raise CheckpointError("quorum: must be between 0 and the number of witness keys")
        if self.policy is not None:
            self._require_agreement(self.policy)

    @property
    def origin(self) -> str:
        """The pinned origin: the one name of the log keys."""
        return self.log_keys[0].name

    @property
    def cosigners(self) -> Sequence[Verifier]:
        """Every witness's key that is known, from the list or from the policy."""
        named = self.policy.witnesses if self.policy is not None else ()
        return (*self.witnesses, *(party.verifier for party in named))

    def _require_agreement(self, policy: WitnessPolicy) -> None:
        if self.witnesses or self.quorum:
            raise CheckpointError("witnesses: name them in the policy or beside it, not in both")
        listed = {party.verifier for party in policy.logs}
        if listed and not listed.issuperset(self.log_keys):
            raise CheckpointError("policy: names other logs than the log keys that were given")
        signing = {key.public_key for key in self.log_keys}
        if signing & {party.verifier.public_key for party in policy.witnesses}:
            raise CheckpointError("policy: the log's own key cannot witness the log")

    def last_seen(self) -> Checkpoint | None:
        """Return the officer's own last checkpoint; CheckpointError if this log did not sign it."""
        if self.previous is None:
            return None
        try:
            return verify_checkpoint(self.previous, Pins(self.log_keys))[0]
        except BundleError as error:
            raise CheckpointError(
                f"your own {error}; while a key rolls over, give the older key as well"
            ) from None


def verify_checkpoint(note: bytes, pins: Pins) -> tuple[Checkpoint, Sequence[Signer]]:
    """Return the tree head of a note that the pinned log signed, with the known signers.

    BundleError where it is malformed, of another origin, forged, not signed by the log's key, or
    signed by fewer witnesses than the quorum.
    """
    try:
        verified = verify_note(note, (*pins.log_keys, *pins.cosigners))
        head = parse_checkpoint(verified.text)
    except ForgedNote as error:
        raise BundleError(Failure.CHECKPOINT_FORGED, f"checkpoint: {error}") from None
    except UntrustedNote as error:
        raise BundleError(Failure.CHECKPOINT_UNSIGNED, f"checkpoint: {error}") from None
    except CheckpointError as error:
        raise BundleError(Failure.CHECKPOINT_MALFORMED, f"checkpoint: {error}") from None
    if head.origin != pins.origin:
        raise BundleError(Failure.CHECKPOINT_ORIGIN, "checkpoint: of another log")
    signed = {signer.verifier for signer in verified.signers}
    if not signed.intersection(pins.log_keys):
        raise BundleError(Failure.CHECKPOINT_UNSIGNED, "checkpoint: not signed by the log itself")
    seen = {verifier.public_key for verifier in signed.intersection(pins.witnesses)}
    if len(seen) < pins.quorum:
        raise BundleError(
            Failure.WITNESSES_MISSING,
            f"checkpoint: signed by {len(seen)} of the {pins.quorum} witnesses asked for",
        )
    if pins.policy is not None and not pins.policy.reached(signed):
        raise BundleError(
            Failure.WITNESSES_MISSING,
            "checkpoint: the witnesses that signed it are not the quorum of your policy",
        )
    return head, verified.signers


def is_last_seen(head: Checkpoint, known: Checkpoint | None) -> bool:
    """Whether a checkpoint is the officer's own last one; of another size it is not compared.

    BundleError where it is of the same size and of another log.
    """
    if known is None or known.size != head.size:
        return False
    if known.root != head.root:
        raise BundleError(Failure.INCONSISTENT, f"the log you saw at {head.size} was another one")
    return True


def signed_lines(head: Checkpoint, signers: Sequence[Signer]) -> Iterator[str]:
    """Yield which log it is, of which size, and who signed it, a line each."""
    yield f"log         {head.origin}"
    yield f"checkpoint  {head.size} entries, root {head.root.hex()}"
    for signer in signers:
        yield f"signed by   {signer.verifier.name}, key {signer.verifier.key_id.hex()}"
