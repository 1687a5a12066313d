"""Which witnesses must have cosigned: the C2SP tlog-policy file, read strictly.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...
    quorum <name>|none

A name counts once in all groups together, and a key stands under one name, so nobody counts twice.
What is not understood refuses the whole file: a line skipped here would be a witness that is not
asked for. For the same reason the last line must be ended, since a cut name may be another name.
The limit: Ed25519 cosignatures only (a file that names an ML-DSA key is refused), and 64 lines of
each kind.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from consent.evidence.checkpoint import CheckpointError, SignatureType, Verifier
from consent.evidence.errors import EvidenceError

MAX_POLICY_BYTES = 65_536
MOST_OF_A_KIND = 64

_FOREIGN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_THRESHOLD = re.compile(rb"[1-9][0-9]{0,3}")
_NONE = b"none"


class PolicyError(EvidenceError):
    """A policy file is not one, or contradicts itself; the message names the line."""


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness: its name in this file (a log has none), its key, where it is reached."""

    name: bytes
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `threshold` of `members`, each a witness or an earlier group."""

    threshold: int
    members: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """The file's meaning. `quorum` is a witness, a group, or None where none is required."""

    logs: Sequence[Party]
    witnesses: Sequence[Party]
    groups: Mapping[bytes, Group]
    quorum: bytes | None

    def reached(self, signed: AbstractSet[Verifier]) -> bool:
        """Whether the keys that did sign a checkpoint are enough."""
        if self.quorum is None:
            return True
        holds = {party.name: party.verifier in signed for party in self.witnesses}
        for name, group in self.groups.items():
            holds[name] = sum(holds[member] for member in group.members) >= group.threshold
        return holds[self.quorum]


def parse_policy(data: bytes) -> WitnessPolicy:
    """Read a policy file; PolicyError if it is not one, byte for byte."""
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(f"policy: longer than {MAX_POLICY_BYTES} bytes")
    if _FOREIGN.search(data):
        raise PolicyError("policy: holds a control character; lines end with LF alone")
    if not data.endswith(b"\n"):
        raise PolicyError("policy: the last line is not ended; is the file whole?")
    reader = _Reader()
    for number, line in enumerate(data[:-1].split(b"\n"), start=1):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        try:
            reader.read(words)
        except (PolicyError, CheckpointError) as error:
            raise PolicyError(f"policy, line {number}: {error}") from None
    return reader.done()


class _Reader:
    def __init__(self) -> None:
        self._logs: list[Party] = []
        self._witnesses: list[Party] = []
        self._groups: dict[bytes, Group] = {}
        self._members: set[bytes] = set()
        self._quorum: list[bytes | None] = []
        self._count: Counter[bytes] = Counter()

    def read(self, words: Sequence[bytes]) -> None:
        kinds: Mapping[bytes, Callable[[Sequence[bytes]], None]] = {
            b"log": self._log,
            b"witness": self._witness,
            b"group": self._group,
            b"quorum": self._set_quorum,
        }
        if words[0] not in kinds:
            raise PolicyError("must begin with log, witness, group or quorum")
        self._count[words[0]] += 1
        if self._count[words[0]] > MOST_OF_A_KIND:
            raise PolicyError(f"more than {MOST_OF_A_KIND} lines of this kind")
        kinds[words[0]](words[1:])

    def done(self) -> WitnessPolicy:
        if not self._quorum:
            raise PolicyError("policy: the quorum line is missing; it may say none")
        return WitnessPolicy(
            tuple(self._logs), tuple(self._witnesses), dict(self._groups), self._quorum[0]
        )

    def _log(self, words: Sequence[bytes]) -> None:
        if len(words) not in {1, 2}:
            raise PolicyError("must be log <vkey> [<url>]")
        key = _key(words[0], SignatureType.ED25519, among=self._logs)
        self._logs.append(Party(b"", key, _url(words[1:])))

    def _witness(self, words: Sequence[bytes]) -> None:
        if len(words) not in {2, 3}:
            raise PolicyError("must be witness <name> <vkey> [<url>]")
        self._require_new(words[0])
        key = _key(words[1], SignatureType.COSIGNATURE_V1, among=self._witnesses)
        self._witnesses.append(Party(words[0], key, _url(words[2:])))

    def _group(self, words: Sequence[bytes]) -> None:
        if len(words) < 3:
            raise PolicyError("must be group <name> all|any|<k> <name>...")
        name, how, *members = words
        self._require_new(name)
        for member in members:
            self._require_known(member)
            if member in self._members:
                raise PolicyError("a name can be a member once, in one group")
            self._members.add(member)
        threshold = {b"all": len(members), b"any": 1}.get(how)
        if threshold is None:
            threshold = int(how) if _THRESHOLD.fullmatch(how) else 0
        if not 1 <= threshold <= len(members):
            raise PolicyError("must ask for all, any, or 1 up to the number of its members")
        self._groups[name] = Group(threshold, members)

    def _set_quorum(self, words: Sequence[bytes]) -> None:
        if len(words) != 1 or self._quorum:
            raise PolicyError("must be quorum <name>, once")
        if words[0] != _NONE:
            self._require_known(words[0])
        self._quorum.append(None if words[0] == _NONE else words[0])

    def _names(self) -> set[bytes]:
        return {party.name for party in self._witnesses} | self._groups.keys()

    def _require_new(self, name: bytes) -> None:
        if name == _NONE or name in self._names():
            raise PolicyError("this name is taken")

    def _require_known(self, name: bytes) -> None:
        if name not in self._names():
            raise PolicyError("names a witness or group that no line above defines")


def _key(word: bytes, kind: SignatureType, *, among: Sequence[Party]) -> Verifier:
    try:
        found = Verifier.from_vkey(word.decode("utf-8"))
    except UnicodeDecodeError:
        raise PolicyError("vkey: not UTF-8") from None
    if found.kind is not kind:
        raise PolicyError("vkey: a log's key signs, a witness's key cosigns; this is the other")
    if any(party.verifier.public_key == found.public_key for party in among):
        raise PolicyError("vkey: this key stands in an earlier line")
    return found


def _url(words: Sequence[bytes]) -> str | None:
    try:
        return words[0].decode("utf-8") if words else None
    except UnicodeDecodeError:
        raise PolicyError("url: not UTF-8") from None
