"""`make pictures`: the README's picture, taken from a hub that is started for it.

The person in it does not exist, and the picture is of the page before anything is sent.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.journeys.people import Person, fill_in
from tests.journeys.started import started_hub

HERE = Path(__file__).resolve().parent
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
)


def main() -> None:
    """Start, walk to the check page, take the picture."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed for the pictures.")
    with (
        tempfile.TemporaryDirectory() as directory,
        started_hub(Path(directory)) as hub,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1000, "height": 1120})
        gp = Person(page, hub.address)
        gp.sign_in("gp", hub.password, None)
        fill_in(
            gp,
            name="Margaret Ellison",
            needs=("Lonely or isolated", "Garden or jobs in the home"),
            agencies=("Mereford Time Bank", "Mereford Good Neighbours"),
            agreed=True,
        )
        page.get_by_role("heading", name="What would help").evaluate("it => it.scrollIntoView()")
        page.screenshot(path=HERE / "check-answers.png")
        browser.close()


if __name__ == "__main__":
    main()
