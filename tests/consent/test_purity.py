"""The law looks at nothing but its arguments: no clock, no network, no database, no web."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import consent

ALLOWED = {
    "collections",
    "consent",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "importlib",
    "itertools",
    "json",
    "tomllib",
    "types",
    "typing",
}

AN_OUTCOME_PER_CASE = """
from tests.consent.cases import read_cases
from consent.decide import decide

def plain(value):
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return sorted((key, plain(item)) for key, item in value.items())
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return [(name, plain(getattr(value, name))) for name in value.__dataclass_fields__]
    return str(value)

for case in read_cases():
    outcome = decide(case.request, case.facts, case.at, policy=case.policy)
    print(case.id, plain(outcome))
"""


def sources() -> Path:
    """Return the folder of the package, without what an outsider needs (`consent.evidence`)."""
    return Path(consent.__file__).parent


def test_the_package_imports_only_data_modules() -> None:
    for path in sources().glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in ALLOWED, f"{path.name} imports {name}"
                assert not name.startswith("consent.evidence"), f"{path.name} imports {name}"


def test_the_package_never_reads_the_clock() -> None:
    for path in sources().glob("*.py"):
        source = path.read_text("utf-8")
        for clock in (".now(", ".today(", ".utcnow(", "time.time"):
            assert clock not in source, f"{path.name} reads the clock"


def test_deciding_needs_neither_the_hub_nor_its_libraries() -> None:
    program = (
        "import sys; import consent.decide, consent.notices, consent.receipt;"
        "consent.decide.current_policy();"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'referral_hub', 'flask', 'sqlalchemy', 'cryptography', 'adapters', 'logging'}))"
    )
    assert _run(program, hash_seed="0").strip() == "[]"


def test_another_process_with_another_hash_seed_makes_the_same_decisions() -> None:
    first = _run(AN_OUTCOME_PER_CASE, hash_seed="1")
    assert first.count("\n") >= 80
    assert _run(AN_OUTCOME_PER_CASE, hash_seed="2") == first


def _run(program: str, *, hash_seed: str) -> str:
    root = sources().parent
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
