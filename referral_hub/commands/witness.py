"""`hub witness`: the witness for other people's logs, a program of its own.

It is the package `witness`, which imports nothing of the hub; this command only hands its arguments
over, so that an agency that has the hub installed has the witness too. `python -m witness` is the
same.
"""

from __future__ import annotations

import click


@click.command(
    "witness",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def witness(arguments: tuple[str, ...]) -> None:
    """Remember another agency's checkpoints and cosign them (witness --help)."""
    from witness.__main__ import main

    raise click.exceptions.Exit(main(arguments))
