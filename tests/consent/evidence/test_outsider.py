"""The verifier runs on a machine that has Python, `cryptography` and nothing of the hub."""

import ast
import importlib.util
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import pytest

from consent.evidence.bundle import Failure
from consent.evidence.replay import Problem
from tests.consent.evidence.tampering import LOG, SEEN, VKEY, bundle_files, files_of, pack

PACKAGE = Path(__file__).parents[3] / "consent" / "evidence"
MODULES = sorted(PACKAGE.glob("*.py"))
STANDARD = {
    "argparse",
    "functools",
    "base64",
    "collections",
    "collections.abc",
    "contextlib",
    "csv",
    "dataclasses",
    "datetime",
    "enum",
    "hashlib",
    "hmac",
    "io",
    "itertools",
    "json",
    "pathlib",
    "re",
    "struct",
    "sys",
    "types",
    "typing",
    "zipfile",
    "zlib",
}
VERIFYING = {
    "cryptography.exceptions.InvalidSignature",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey",
}


def imports(module: Path) -> set[tuple[str, str]]:
    """Every (module, name) that a file imports."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            found |= {(node.module, alias.name) for alias in node.names}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_evidence_imports_the_standard_library_itself_and_the_verification_of_signatures(
    module: Path,
) -> None:
    for source, name in imports(module):
        if source.startswith("cryptography"):
            assert module.stem == "checkpoint"
            assert f"{source}.{name}" in VERIFYING
        elif source.startswith("consent"):
            assert source.startswith("consent.evidence.")
        else:
            assert source in STANDARD


def test_importing_the_packages_on_the_way_imports_nothing_else() -> None:
    for package in (PACKAGE, PACKAGE.parent):
        assert imports(package / "__init__.py") == set()


@pytest.mark.parametrize("kind", [Failure, Problem], ids=lambda kind: kind.__name__)
def test_every_way_to_fail_is_expected_by_a_test(kind: type[StrEnum]) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert not [member for member in kind if f"{kind.__name__}.{member.name}" not in tests]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with a copy of `consent`, and another with `cryptography` alone."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE.parent, tmp_path / "outsider" / "consent", ignore=unwanted)
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in ("cryptography", "_cffi_backend"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        (libraries / source.name).symlink_to(source)
    return tmp_path


def run(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the documented command with no site-packages, no environment and another folder."""
    path = f"{machine / 'outsider'}:{machine / 'libraries'}"
    return subprocess.run(
        [sys.executable, "-S", "-W", "error", "-m", "consent.evidence.verify", *arguments],
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=machine,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_documented_command_verifies_with_nothing_of_the_hub(machine: Path) -> None:
    bundle = pack(machine / "bundle.zip", bundle_files(machine))
    previous = machine / "mine"
    previous.write_bytes(LOG.note(SEEN))
    known = ("--log-key", VKEY, "--previous", str(previous), "--save", str(previous))
    done = run(machine, str(bundle), *known)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED\n")
    assert previous.read_bytes() == LOG.note()

    pack(bundle, files_of(bundle) | {"entries/7.json": LOG.entries[6]})
    done = run(machine, str(bundle), *known)
    assert done.returncode == 1
    assert done.stdout.startswith("NOT VERIFIED  entry 7: ")
    assert run(machine, str(bundle)).returncode == 2


def test_the_outsiders_machine_really_has_nothing_of_the_hub(machine: Path) -> None:
    for name in ("referral_hub", "adapters", "flask", "sqlalchemy", "joserfc", "rfc8785"):
        found = subprocess.run(
            [sys.executable, "-S", "-c", f"import {name}"],
            env={"PYTHONPATH": f"{machine / 'outsider'}:{machine / 'libraries'}"},
            cwd=machine,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert b"ModuleNotFoundError" in found.stderr
