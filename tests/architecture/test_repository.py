"""What is tracked holds no address of a registry, no path of a machine, and no promise unkept."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REGISTRIES = re.compile(r"(py" r"pi|python" r"hosted|npm" r"js|deb" r"ian)\.(org|com)")
MACHINE_PATHS = re.compile(r"(?<![\w.$~])/(wo" r"rk|fa" r"rm|ho" r"me|Us" r"ers)/[\w.-]+/")
REASONED = re.compile(
    r"#\s*(noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*|type: ignore\[[\w, -]+\])"
    r"\s+([-–#]\s*)?[A-Za-z`'][\w' -]{3}"
)
SILENCED = re.compile(r"#\s*(noqa|type: ignore)")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def _matching(pattern: re.Pattern[str]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in _tracked() if pattern.search(_text(path))]


def test_no_tracked_file_names_a_package_registry() -> None:
    assert not _matching(REGISTRIES)


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert not _matching(MACHINE_PATHS)


def test_lock_files_carry_hashes_and_no_address() -> None:
    lock = _text(ROOT / "package-lock.json")
    assert "https://" not in lock
    assert "http://" not in lock
    assert lock.count('"integrity"') == lock.count('"version"')


@pytest.mark.parametrize("name", ["run", "test", "node"])
def test_every_pin_is_exact_and_hashed(name: str) -> None:
    text = _text(ROOT / "requirements" / f"{name}.txt").replace("\\\n", " ")
    pins = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert pins
    assert all(re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==\S+", pin) for pin in pins)
    assert all("--hash=sha256:" in pin for pin in pins)


@pytest.mark.parametrize("name", ["run", "test", "node"])
def test_every_direct_dependency_has_its_reason_and_its_record(name: str) -> None:
    record = _text(ROOT / "docs" / "decisions" / "0002-dependencies.md")
    for line in _text(ROOT / "requirements" / f"{name}.in").splitlines():
        if not line.strip() or line.startswith(("#", "-c")):
            continue
        package, _, reason = line.partition("#")
        assert reason.strip(), line
        assert f"`{re.split(r'[<>=[]', package.strip())[0]}`" in record, line


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


def test_every_make_command_that_the_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", _text(ROOT / "Makefile"), re.MULTILINE))
    named = {
        command
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for command in re.findall(r"`make ([a-z-]+)", _text(path))
    }
    assert named <= targets
    assert {"run", "test", "check", "bench", "help"} <= targets


def test_every_silenced_check_gives_its_reason_on_the_line() -> None:
    unreasoned = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked("*.py")
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if SILENCED.search(line) and not REASONED.search(line) and "SILENCED" not in line
    ]
    assert not unreasoned


def test_every_package_is_found_by_the_build() -> None:
    project = tomllib.loads(_text(ROOT / "pyproject.toml"))
    assert project["project"]["scripts"]["hub"] == "referral_hub.cli:main"
    assert not [
        str(directory.relative_to(ROOT))
        for top in ("consent", "adapters", "referral_hub")
        for directory in (ROOT / top).rglob("*")
        if directory.is_dir()
        and any(directory.glob("*.py"))
        and not (directory / "__init__.py").exists()
    ]


def test_wsgi_does_nothing_but_make_the_application() -> None:
    body = ast.parse(_text(ROOT / "wsgi.py")).body
    statements = [
        node
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert [ast.unparse(node) for node in statements] == [
        "app = create_app(build_hub(load_settings(os.environ)))"
    ]
