"""The demonstration's agency that is told by mail, with a code that stays the same for a data
directory.
"""

from __future__ import annotations

import os

from referral_hub.crypto.tokens import new_short_code
from referral_hub.services.demo_town import AGENCIES
from referral_hub.services.hub import Hub
from referral_hub.services.register_mail import register_mail
from referral_hub.settings import Settings
from referral_hub.store import directory, links

MAILED = "library"
MAILED_AGENCY = next(agency.name for agency in AGENCIES if agency.key == MAILED)
ADDRESS = "home-library@mereford.example"


def register_demo_mail(hub: Hub) -> None:
    """Let the libraries be told by mail, unless they are already."""
    with hub.database.working() as connection:
        agency_id = directory.agency_named(connection, MAILED_AGENCY)
        if agency_id is None or links.mail_endpoints(connection, [agency_id]):
            return
    register_mail(hub, agency_id, ADDRESS, code=demo_link_code(hub.settings))


def mail_lines(settings: Settings) -> tuple[str, ...]:
    """Return what `hub run` prints about the agency that is told by mail."""
    return (f"{MAILED_AGENCY} is told by mail (code for its links: {demo_link_code(settings)})",)


def demo_link_code(settings: Settings) -> str:
    """Return the code of this installation's libraries, drawn on first use."""
    path = settings.data_dir / "demo-link-code"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(new_short_code())
    return path.read_text(encoding="utf-8").strip()
