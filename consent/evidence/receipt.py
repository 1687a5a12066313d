"""A receipt: one file that proves one entry, by the log's key and the witnesses alone.

It is a `c2sp.org/tlog-proof@v1` file whose `extra` line carries the entry's exact bytes. The format
authenticates that line by nothing; here the inclusion proof does: the bytes are hashed, and the
hash must lead to the root that the log signed. So the agency that keeps the file needs no hub to
show, to a court or to another officer, what was logged and where. The limits: a receipt shows that
its entry is in the log, not that others are missing, and a log shown to nobody else can be
rewritten together with its receipts, which is what witnesses and one's own checkpoint are for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import Checkpoint, Signer
from consent.evidence.entry import Entry, EntryError, EntryType, decode
from consent.evidence.merkle import ProofError, leaf_hash, verify_inclusion
from consent.evidence.pins import Pins, is_last_seen, signed_lines, verify_checkpoint
from consent.evidence.proof import HEADER, ProofFileError, TlogProof, parse_proof

SUFFIX = ".tlog-proof"
CERTIFICATE = "Certificate of erasure"


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proved: the entry, its index, and the signed checkpoint it was proved by."""

    index: int
    entry: Entry
    note: bytes
    checkpoint: Checkpoint
    signers: Sequence[Signer]
    compared: bool

    def lines(self) -> Iterator[str]:
        """Yield what is proved in words, a line each."""
        one, head = self.entry, self.checkpoint
        yield from signed_lines(head, self.signers)
        yield f"entry       number {self.index}, {one.id}"
        yield f"what        {one.type}, {one.outcome or 'no outcome'}, at {one.at.isoformat()}"
        yield f"from        {one.agencies.sender}"
        if one.agencies.recipient is not None:
            yield f"to          {one.agencies.recipient}"
        for name, codes in (("fields", one.fields), ("rules", one.rules)):
            if codes:
                yield f"{name:<11} {' '.join(codes)}"
        if one.policy_hash is not None:
            yield f"policy      {one.policy_hash}"
        yield "proves      exactly this stands at this place in the log that was signed"
        if self.compared:
            yield "since       your own checkpoint is of this size, and the same"
        yield "limit       it says nothing of other entries, nor of what was never logged"


def is_receipt(start: bytes) -> bool:
    """Tell from its first bytes whether a file is meant to be a receipt, or a certificate."""
    return start.startswith((f"{HEADER}\n".encode(), f"{CERTIFICATE}\n".encode()))


def build_receipt(index: int, entry: bytes, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the file for `entry` at `index`, proved under the signed `note`."""
    return TlogProof(index, tuple(proof), note, extra=entry).build()


def verify_receipt(data: bytes, pins: Pins) -> VerifiedReceipt:
    """Verify a receipt against what the officer pinned; BundleError says why it does not hold.

    With the officer's own checkpoint, one of another size is no contradiction and is not compared:
    that needs a consistency proof, which an evidence bundle has. A certificate of erasure ends in
    the receipt of its entry, and must say of it what the entry says.
    """
    known = pins.last_seen()
    words, data = _certified(data)
    try:
        proof = parse_proof(data)
    except ProofFileError as error:
        raise BundleError(Failure.PROOF_MALFORMED, str(error)) from None
    head, signers = verify_checkpoint(proof.checkpoint, pins)
    compared = is_last_seen(head, known)
    if proof.extra is None:
        message = "the receipt does not carry its entry"
        raise BundleError(Failure.ENTRY_MISSING, message, index=proof.index)
    try:
        leaf = leaf_hash(proof.extra)
        verify_inclusion(proof.index, head.size, leaf=leaf, proof=proof.hashes, root=head.root)
        entry = decode(proof.extra)
    except ProofError as error:
        message = f"not this entry at this place in the log: {error}"
        raise BundleError(Failure.NOT_INCLUDED, message, index=proof.index) from None
    except EntryError as error:
        raise BundleError(Failure.ENTRY_MALFORMED, str(error), index=proof.index) from None
    if words is not None and not _fits(words, certified_lines(proof.index, entry, leaf), entry):
        message = "the certificate does not say what its entry says"
        raise BundleError(Failure.CERTIFICATE_OF_OTHER_ENTRY, message, index=proof.index)
    return VerifiedReceipt(proof.index, entry, proof.checkpoint, head, signers, compared)


def certified_lines(index: int, entry: Entry, leaf: bytes) -> Sequence[str]:
    """Return what a certificate of erasure must say of its entry, a line each."""
    return (
        f"Erased at        {entry.at.isoformat()}",
        f"Log entry        {entry.id}",
        f"Leaf hash        {leaf.hex()}",
        f"Place in the log {index}",
        f"Entries unsealed {entry.details.get('unsealed')}",
        f"Referrals        {entry.details.get('referrals')}",
    )


def _fits(words: Sequence[str], due: Sequence[str], entry: Entry) -> bool:
    erased = (entry.type, entry.outcome) == (EntryType.ERASURE, "erased")
    return erased and [*words[2 : 2 + len(due)]] == [*due]


def _certified(data: bytes) -> tuple[Sequence[str] | None, bytes]:
    """Return a certificate's lines, None where it is none, and the receipt."""
    if not data.startswith(f"{CERTIFICATE}\n".encode()):
        return None, data
    words, start, rest = data.partition(f"\n{HEADER}\n".encode())
    return words.decode("utf-8", "replace").split("\n"), start[1:] + rest
