"""The import directions hold, and what imports alone cannot say about them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("consent", "adapters", "referral_hub", "witness")
VERIFYING = {
    "cryptography.exceptions": {"InvalidSignature"},
    "cryptography.hazmat.primitives.asymmetric.ed25519": {"Ed25519PublicKey"},
}


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """Each (module, name) that a file imports; the name is empty for a plain import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_every_import_contract_is_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_consents_evidence_takes_from_cryptography_only_what_verifies() -> None:
    taken = {
        (module, name)
        for path in (ROOT / "consent").rglob("*.py")
        for module, name in _imports(path)
        if module.startswith("cryptography")
    }
    allowed = {(module, name) for module, names in VERIFYING.items() for name in names}
    assert taken <= allowed


@pytest.mark.parametrize("directory", ["examples"])
def test_examples_import_nothing_of_the_hub(directory: str) -> None:
    reached = {
        module
        for path in (ROOT / directory).rglob("*.py")
        for module, _ in _imports(path)
        if module.split(".")[0] in PACKAGES
    }
    assert not reached


def _taken_from_time(path: Path) -> set[str]:
    """The names that a file uses of the module `time`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
    }
    imported = {name for module, name in _imports(path) if module == "time" and name}
    plainly = any(module == "time" for module, _ in _imports(path))
    return (used | imported) if plainly else set()


def test_outside_the_clock_module_only_durations_are_measured() -> None:
    readers = {
        str(path.relative_to(ROOT)): taken
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if (taken := _taken_from_time(path) - {"monotonic"})
    }
    assert set(readers) <= {"referral_hub/clock.py", "witness/clock.py"}
