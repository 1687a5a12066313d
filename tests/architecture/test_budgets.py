"""Files and functions stay within what a reader can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("consent", "adapters", "referral_hub", "migrations", "benchmarks", "examples", "witness")
LONGEST_FILE, LONGEST_TEST_FILE, LONGEST_FUNCTION = 400, 600, 60
FORBIDDEN_NAMES = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def _files(*directories: str) -> Iterator[Path]:
    for directory in directories:
        yield from sorted((ROOT / directory).rglob("*.py"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize(
    ("directories", "limit"), [(CODE, LONGEST_FILE), (("tests",), LONGEST_TEST_FILE)]
)
def test_no_file_is_longer_than_its_budget(directories: tuple[str, ...], limit: int) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files(*directories)
        if (lines := path.read_text(encoding="utf-8").count("\n")) > limit
    }
    assert not long


def test_no_function_is_longer_than_its_budget() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": size
        for path in _files(*CODE)
        for function in _functions(path)
        if (size := (function.end_lineno or function.lineno) - function.lineno + 1)
        > LONGEST_FUNCTION
    }
    assert not long


def test_no_module_is_named_for_nothing_in_particular() -> None:
    assert not [path for path in _files(*CODE) if path.name in FORBIDDEN_NAMES]


def test_every_module_and_package_says_what_it_decides() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _files(*CODE)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
