"""`make mutants PACKAGE=access`: change the code in small ways and see whether its tests notice.

Runs in a copy, because mutants must never stand in the tree. It takes from a minute (access) to an
hour (consent); what survived is listed at the end, to be killed by a test or read as equivalent.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("consent", "adapters", "referral_hub", "tests")


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
            for name in ("rules", "decide", "ledger", "grounds", "proxies", "outcome", "worksheet")
        ),
        ("tests/consent",),
    ),
    "crypto": Subject(("referral_hub/crypto",), ("tests/crypto",)),
    "evidence": Subject(("consent/evidence",), ("tests/consent/evidence",)),
}


def main() -> int:
    """Run one subject; exit status 0 whatever survived, which is printed."""
    if len(sys.argv) != 2 or sys.argv[1] not in SUBJECTS:
        print(f"Say which: make mutants PACKAGE={'|'.join(SUBJECTS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        place = Path(directory)
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__", "static", "node_modules")
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
        (place / "pyproject.toml").write_text(_settings(SUBJECTS[sys.argv[1]]), encoding="utf-8")
        mutmut = str(Path(sys.executable).with_name("mutmut"))
        progress = None if sys.stdout.isatty() else subprocess.DEVNULL
        run = [mutmut, "run", "--max-children", "2"]
        subprocess.run(run, cwd=place, check=False, stdout=progress)
        found = [mutmut, "results", "--all", "true"]
        said = subprocess.run(found, cwd=place, check=True, capture_output=True, text=True).stdout
    results = Counter(line.rpartition(": ")[2] for line in said.splitlines() if ": " in line)
    print("\n".join(line.strip() for line in said.splitlines() if not line.endswith("killed")))
    print(", ".join(f"{count} {result}" for result, count in results.most_common()))
    return 0


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
