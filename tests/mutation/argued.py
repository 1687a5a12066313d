"""Which survivors of a mutation run are argued, by what they change and not by their number.

Mutants are numbered anew whenever a function changes, so an argument names the function and the
lines. The limit: an argument covers every mutant of the function that makes just this change.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("argued.toml")


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed. `where` is module and function, `change` its lines."""

    name: str
    result: str
    where: str
    change: tuple[str, ...]


@dataclass(frozen=True)
class Argued:
    """Why a change of these lines is no change of what anybody can see."""

    where: str
    change: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Settled:
    """Survivors that are argued and that are not, and arguments that nothing needs any more."""

    argued: Sequence[Survivor]
    open: Sequence[Survivor]
    stale: Sequence[Argued]


def read_argued(table: Path = TABLE) -> list[Argued]:
    """Return the arguments of the table. Raises ValueError for one without a reason or twice."""
    rows = tomllib.loads(table.read_text(encoding="utf-8")).get("survivor", [])
    found = [Argued(row["where"], tuple(row["change"]), row["why"].strip()) for row in rows]
    if any(len(one.why.split()) < 5 or not one.change for one in found):
        raise ValueError("argued.toml: each survivor needs its change and a sentence why")
    if len({(one.where, one.change) for one in found}) < len(found):
        raise ValueError("argued.toml: one survivor stands twice")
    return found


def survivor(name: str, result: str, shown: str) -> Survivor:
    """Return what `mutmut show` says of a mutant as a survivor."""
    lines = (line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in HEADS)
    change = tuple(f"{line[0]} {line[1:].strip()}" for line in lines if line[1:].strip())
    module, _, function = re.sub(r"__mutmut_\d+$", "", name).rpartition(".")
    function = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Survivor(name, result, f"{module}.{function}", change)


HEADS = ("+++", "---")


def settle(
    survived: Sequence[Survivor], argued: Sequence[Argued], *, sources: Sequence[str]
) -> Settled:
    """Put each survivor beside its argument; of the arguments, only those about `sources`."""
    modules = [source.removesuffix(".py").replace("/", ".") for source in sources]
    ours = [one for one in argued if any(one.where.startswith(f"{name}.") for name in modules)]
    known = {(one.where, one.change) for one in ours}
    seen = {(one.where, one.change) for one in survived}
    return Settled(
        argued=[one for one in survived if (one.where, one.change) in known],
        open=[one for one in survived if (one.where, one.change) not in known],
        stale=[one for one in ours if (one.where, one.change) not in seen],
    )
