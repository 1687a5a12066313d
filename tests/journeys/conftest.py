"""The whole hub as `make run` starts it, a real Chromium, and people who walk through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.people import Looks, Person
from tests.journeys.started import RunningHub, started_hub

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """The hub, its worker and the time bank's own system, for the session."""
    with started_hub(tmp_path_factory.mktemp("journeys")) as hub:
        yield hub


@pytest.fixture(scope="session")
def browser(chromium: Path, chromium_flags: tuple[str, ...]) -> Iterator[Browser]:
    """One Chromium for the session; each person has a context of their own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(chromium), args=list(chromium_flags)
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def looks() -> Looks:
    """Which kinds of pages were looked at already, by whomever."""
    if not AXE.exists():
        pytest.fail("axe-core is missing: run `make test`, which installs it")
    return Looks(AXE.read_text(encoding="utf-8"))


@pytest.fixture
def person(
    running_hub: RunningHub, browser: Browser, looks: Looks
) -> Iterator[Callable[..., Person]]:
    """Sign somebody in: `person("gp")`. Everybody's pages are held against axe's rules."""
    with ExitStack() as stack:

        def make(username: str, *, script: bool = True) -> Person:
            context = browser.new_context(
                java_script_enabled=script, bypass_csp=script, accept_downloads=True
            )
            context.set_default_timeout(20_000)
            stack.callback(context.close)
            who = Person(context.new_page(), running_hub.address, looks if script else None)
            needs_code = username.endswith(("-dpo", "-admin"))
            code = running_hub.one_time_code(username) if needs_code else None
            who.sign_in(username, running_hub.password, code)
            return who

        yield make


@pytest.fixture
def stranger(
    running_hub: RunningHub, browser: Browser, looks: Looks
) -> Iterator[Callable[..., Person]]:
    """Somebody at a browser who signs in nowhere."""
    with ExitStack() as stack:

        def make(*, script: bool = True) -> Person:
            context = browser.new_context(java_script_enabled=script, bypass_csp=script)
            context.set_default_timeout(20_000)
            stack.callback(context.close)
            return Person(context.new_page(), running_hub.address, looks if script else None)

        yield make
