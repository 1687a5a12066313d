"""`make mutants PACKAGE=access`: change the code in small ways and see whether its tests notice.

Runs in a copy, because mutants must never stand in the tree. It takes from a minute (access) to
hours (consent, on a busy machine). What survives must be killed by a test or stand in `argued.toml`
with the reason why no test can tell it apart; anything else, and a run that came to no end, fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.argued import Survivor, read_argued, settle, survivor

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("consent", "adapters", "referral_hub", "tests")
# They read or take away what a module imports, and a mutated module imports mutmut's.
NOT_IN_A_COPY = (
    "--ignore=tests/consent/test_purity.py",
    "--ignore=tests/consent/evidence/test_outsider.py",
)
COLLECT_TWICE = """
import contextlib, io, pytest, sys
class Ids:
    def pytest_collection_modifyitems(self, items): self.found = {item.nodeid for item in items}
def collect():
    ids, how = Ids(), ["--collect-only", "--import-mode=importlib", "-p", "no:cacheprovider"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert pytest.main([*how, *sys.argv[1:]], plugins=[ids]) == 0
    return ids.found
print(*sorted(collect() ^ collect()), sep="\\n", end="")
"""
NOTICED = frozenset({"killed", "timeout", "caught by type check"})


@dataclass(frozen=True)
class Subject:
    """Which files are changed, and which tests have to notice."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


SUBJECTS = {
    "access": Subject(("referral_hub/access",), ("tests/access",)),
    "consent": Subject(
        tuple(
            f"consent/{name}.py"
            for name in (
                "rules",
                "decide",
                "ledger",
                "grounds",
                "footing",
                "proxies",
                "emergency",
                "safeguarding",
                "outcome",
                "worksheet",
                "policy",
                "model",
                "codes",
                "inputs",
                "notices",
                "receipt",
                "linked",
            )
        ),
        ("tests/consent", "--ignore=tests/consent/evidence", *NOT_IN_A_COPY),
    ),
    "crypto": Subject(("referral_hub/crypto",), ("tests/crypto",)),
    "evidence": Subject(("consent/evidence",), ("tests/consent/evidence", *NOT_IN_A_COPY)),
}


def main() -> int:
    """Run one subject; exit status 1 where something survived that nobody has argued."""
    if len(sys.argv) != 2 or sys.argv[1] not in SUBJECTS:
        print(f"Say which: make mutants PACKAGE={'|'.join(SUBJECTS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        place = Path(directory)
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__", "static", "node_modules")
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
        subject = SUBJECTS[sys.argv[1]]
        (place / "pyproject.toml").write_text(_settings(subject), encoding="utf-8")
        if changing := _changing_ids(place, subject):
            print("Not run: these tests have another id each time:", changing, file=sys.stderr)
            return 2
        progress = None if sys.stdout.isatty() else subprocess.DEVNULL
        _mutmut(place, "run", "--max-children", "2", stdout=progress, check=False)
        results = _results(place)
        survived = [
            survivor(name, result, _mutmut(place, "show", name).stdout)
            for name, result in results.items()
            if result not in NOTICED
        ]
    return _report(Counter(results.values()), survived, subject)


def _report(results: Counter[str], survived: Sequence[Survivor], subject: Subject) -> int:
    settled = settle(survived, read_argued(), sources=subject.sources)
    for one in settled.open:
        print(f"NOT ARGUED  {one.name}: {one.result}", *one.change, sep="\n    ")
    for argued in settled.stale:
        print(f"STALE       {argued.where}: argued, and killed or made no longer", *argued.change)
    print(", ".join(f"{count} {result}" for result, count in results.most_common()))
    print(f"{len(settled.argued)} argued, {len(settled.open)} not argued")
    return int(bool(settled.open or settled.stale or not results))


def _changing_ids(place: Path, subject: Subject) -> str:
    """What collecting twice in one process names differently.

    Mutants run in children of one process; a test that is not found there would count as killing.
    """
    run = [sys.executable, "-c", COLLECT_TWICE, *subject.tests]
    return subprocess.run(run, cwd=place, check=True, stdout=subprocess.PIPE, text=True).stdout


def _results(place: Path) -> dict[str, str]:
    said = _mutmut(place, "results", "--all", "true").stdout
    found = (line.strip().rpartition(": ") for line in said.splitlines() if ": " in line)
    return {name: result for name, _, result in found}


def _mutmut(
    place: Path, *arguments: str, stdout: int | None = subprocess.PIPE, check: bool = True
) -> subprocess.CompletedProcess[str]:
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    run = [mutmut, *arguments]
    return subprocess.run(run, cwd=place, check=check, stdout=stdout, text=True)


def _settings(subject: Subject) -> str:
    def listed(values: tuple[str, ...]) -> str:
        return "[" + ", ".join(f'"{value}"' for value in values) + "]"

    return "\n".join(
        (
            "[tool.mutmut]",
            f"source_paths = {listed(subject.sources)}",
            f"also_copy = {listed(COPIED)}",
            'pytest_add_cli_args = ["--import-mode=importlib", "-p", "no:cacheprovider"]',
            f"pytest_add_cli_args_test_selection = {listed(subject.tests)}",
            "[tool.pytest.ini_options]",
            'pythonpath = ["."]',
            'markers = ["browser", "slow", "faults"]',
            "",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
