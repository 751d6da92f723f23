"""Pictures of every page of a running panel, light and dark, wide and as a phone, into screenshots/.

PANEL_URL (default http://127.0.0.1:8000), PANEL_USER (admin), PANEL_PASSWORD; CHROMIUM_PATH for the browser.
`python bench/screenshots.py [SLUG ...]` takes the named deployments, or all that the home page lists.
Says what a browser complained about: console errors, refused content, pages wider than the window.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

URL = os.environ.get("PANEL_URL", "http://127.0.0.1:8000").rstrip("/")
OUT = Path(__file__).resolve().parent.parent / "screenshots"
LOOKS = (
    ("1440-light", 1440, 900, "light"),
    ("1440-dark", 1440, 900, "dark"),
    ("390-light", 390, 844, "light"),
    ("390-dark", 390, 844, "dark"),
)
PAGES = (("home", "/"), ("activity", "/activity/"), ("costs", "/costs/"), ("freeze", "/freeze/"))
TABS = ("", "runs/", "logs/", "settings/", "start/")


def main(slugs: list[str]) -> int:
    """Take all pictures; the number of complaints is the exit code."""
    OUT.mkdir(exist_ok=True)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for look, width, height, scheme in LOOKS:
            shoot(browser, look, width, height, scheme, slugs, complaints)
        browser.close()
    print("\n".join(complaints) or "no complaints")
    return min(len(complaints), 1)


def shoot(
    browser: Browser, look: str, width: int, height: int, scheme: str, slugs: list[str], complaints: list[str]
) -> None:
    """Every page in one look."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            complaints.append(f"{look} {page.url}: {said.text}")

    page.on("console", hear)
    picture(page, "sign-in", look, f"{URL}/accounts/login/", complaints)
    page.fill("[name=username]", os.environ.get("PANEL_USER", "admin"))
    page.fill("[name=password]", os.environ["PANEL_PASSWORD"])
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{URL}/")
    found = slugs or [link.split("/")[2] for link in page.eval_on_selector_all(
        ".reg h3 a", "links => links.map(link => link.getAttribute('href'))"
    )]  # fmt: skip
    for name, path in PAGES:
        picture(page, name, look, URL + path, complaints)
    for slug in found:
        for tab in TABS:
            name = f"{slug}-{tab.strip('/') or 'overview'}"
            picture(page, name, look, f"{URL}/deployments/{slug}/{tab}", complaints)
        dialog(page, slug, look)
    context.close()


def picture(page: Page, name: str, look: str, url: str, complaints: list[str]) -> None:
    """One page."""
    page.goto(url)
    page.wait_for_load_state("load")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        complaints.append(f"{look} {url}: {wide} px too wide")
    page.screenshot(path=OUT / f"{name}-{look}.png")


def dialog(page: Page, slug: str, look: str) -> None:
    """The start dialog, where there is one."""
    page.goto(f"{URL}/deployments/{slug}/")
    button = page.locator(f"#start-{slug}")
    if button.count():
        button.click()
        page.wait_for_selector("dialog[open]")
        page.screenshot(path=OUT / f"{slug}-start-dialog-{look}.png")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
