"""`hub partner-check`: hold a partner's endpoint against what the hub relies on.

It needs no running hub and no database: it has keys of its own, which the test endpoint must trust
(`--show-keys`), so that nothing it sends can be mistaken for the hub's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from referral_hub.clock import system_clock
from referral_hub.crypto.jwks import HubSigner, encryption_key
from referral_hub.crypto.probes import nobodys_encryption_jwk
from referral_hub.errors import CryptoError
from referral_hub.services.partner_check import Finding, Partnership, check_partner

ISSUER = "https://partner-check.example"


@click.command("partner-check")
@click.argument("url", required=False)
@click.option("--agency", default="partner-check", help="Your agency id: what aud must be.")
@click.option("--issuer", default=ISSUER, show_default=True, help="What iss will be.")
@click.option(
    "--recipient-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your public encryption key, a JWK or JWK Set.",
)
@click.option(
    "--keys",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("partner-check-keys"),
    show_default=True,
    help="Where the check keeps its own signing key.",
)
@click.option("--show-keys", is_flag=True, help="Print the key that your endpoint must trust.")
@click.option("--json", "as_json", is_flag=True, help="The report for a program.")
@click.pass_context
def partner_check(context: click.Context, /, **options: Any) -> None:
    """Send URL what a partner must take and what it must refuse, and say how it went."""
    keys: Path = options["keys"]
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    signer = HubSigner(keys / "check-signing-key")
    if options["show_keys"]:
        click.echo(json.dumps(signer.public_jwks()))
        return
    if not options["url"] or options["recipient_key"] is None:
        raise click.UsageError("Give the URL of your endpoint and --recipient-key.")
    partnership = Partnership(
        url=options["url"],
        agency_id=options["agency"],
        issuer=options["issuer"],
        recipient_jwk=_recipient(options["recipient_key"]),
        signer=signer,
        stranger=HubSigner(keys / "strangers-signing-key"),
        nobodys_jwk=nobodys_encryption_jwk(),
    )
    findings = []
    for finding in check_partner(partnership, at=system_clock()):
        findings.append(finding)
        if not options["as_json"]:
            _print(finding)
    _close(findings, as_json=options["as_json"])
    context.exit(0 if all(one.ok for one in findings) else 1)


def _print(finding: Finding) -> None:
    click.echo(f"{'ok    ' if finding.ok else 'NOT OK'}  {finding.case}  ({finding.seen})")
    if finding.advice:
        click.echo(f"        {finding.advice}")


def _close(findings: Sequence[Finding], *, as_json: bool) -> None:
    good = sum(one.ok for one in findings)
    if as_json:
        report = {"passed": good, "of": len(findings), "cases": [asdict(f) for f in findings]}
        click.echo(json.dumps(report, indent=1))
    else:
        click.echo(f"\n{good} of {len(findings)} as the hub relies on.")


def _recipient(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        keys = found.get("keys", [found])
        key: dict[str, Any] = next(one for one in keys if one.get("use", "enc") == "enc")
        encryption_key(key)
    except (ValueError, AttributeError, StopIteration, CryptoError) as problem:
        raise click.UsageError(
            f"--recipient-key: no public encryption key in it ({problem})"
        ) from None
    return key
