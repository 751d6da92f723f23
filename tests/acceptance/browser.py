"""Chromium on a running panel, signed in as its admin or somebody else."""

from playwright.sync_api import Browser, BrowserContext

from .panel import PASSWORD, Panel


def signed_in(chromium: Browser, panel: Panel, *, width: int = 1280, who: str = "admin") -> BrowserContext:
    """A context in which `who` has signed in by password."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{panel.url}/accounts/login/")
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{panel.url}/")
    page.close()
    return context
