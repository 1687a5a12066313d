"""Every subcommand that the table names exists, and nothing is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from referral_hub import cli
from tests.ports import free_ports


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_named_subcommand_loads_under_its_name_and_says_what_it_does(name: str) -> None:
    command = cli.hub.get_command(click.Context(cli.hub), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_every_command_module_is_reached_by_some_name() -> None:
    modules = {path.stem for path in (Path(cli.__file__).parent / "commands").glob("[a-z]*.py")}
    reached = {target.partition(":")[0] for target in cli.COMMANDS.values()}
    assert modules - reached <= {"opening"}


def test_an_unknown_subcommand_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli.hub, ["nothing-of-the-kind"]).exit_code == 2


def test_help_imports_no_web_framework_and_no_database() -> None:
    program = (
        "import sys; import referral_hub.cli;"
        "print({'flask', 'sqlalchemy', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


def test_wrong_settings_are_one_readable_message_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "referral_hub.cli", "migrate"],
        env={"HUB_DATA": str(tmp_path), "HUB_PORT": "eighty", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "HUB_PORT must be a whole number" in done.stderr
    assert "Traceback" not in done.stderr


def _hub(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "referral_hub.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_that_cannot_be_used_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    for place in (str(taken), "/proc/nowhere"):
        done = _hub("run", HUB_DATA=place)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert place in done.stderr
        assert "HUB_DATA" in done.stderr


def test_a_database_that_does_not_answer_is_one_line_that_says_where_to_look(
    tmp_path: Path,
) -> None:
    web, metrics, partner, mail, mails, nothing = free_ports(6)
    done = _hub(
        "run",
        HUB_DATA=str(tmp_path),
        HUB_PORT=web,
        HUB_METRICS_PORT=metrics,
        HUB_PARTNER_PORT=partner,
        HUB_MAIL_PORT=mail,
        HUB_MAIL_SERVER_PORT=mails,
        DATABASE_URL=f"postgresql://hub@127.0.0.1:{nothing}/hub",
        REDIS_URL=f"redis://127.0.0.1:{nothing}/0",
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL" in done.stderr
