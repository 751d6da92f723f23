"""A running panel; every test here starts processes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from .panel import Panel

CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
# A machine that does much else may take its time; what never comes still fails.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """A panel that the tests of a process share, and that ends with them (tests/order.py); each makes
    deployments of its own."""
    running = Panel(tmp_path_factory.mktemp("panel") / "data")
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the session: Playwright's loop stays in this thread, and no async test can run beside it."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium here: set CHROMIUM_PATH to one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
