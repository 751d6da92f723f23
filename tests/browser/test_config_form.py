"""An admin builds GLM-5.2 from an empty form, breaks it five ways, and is led to each repair."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from deployments.models import Deployment, Lease, Release, Wake
from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .conftest import Tab

FIRST = {
    "slug": "glm", "name": "GLM", "model": "zai-org/GLM-5.2-FP8", "served-name": "glm-5.2-fp8",
    "image-reference": "vllm/vllm-openai:glm52-cu129", "gpu-count": "8", "max-model-len": "131,072",
    "tool-call-parser": "glm47", "reasoning-parser": "glm45", "checkpoint-gib": "703.74",
}  # fmt: skip


def fill(page: Page, key: str, text: str) -> None:
    page.fill(f"#c-{key}", text)


def said(page: Page, text: str) -> None:
    """The side has caught up with what was typed."""
    expect(page.locator("#say-h")).to_have_text(text)


def mend(page: Page, words: str, field: str) -> None:
    """Press the fix beside the form; the mended field takes the keyboard."""
    page.locator("#side").get_by_role("button", name=words, exact=True).click()
    expect(page.locator(f"#c-{field}")).to_be_focused()


def value(page: Page, key: str) -> Locator:
    return page.locator(f"#c-{key}")


def test_glm_from_an_empty_form(tab: Callable[..., Tab], states: States) -> None:
    opened = tab(Role.ADMIN)
    page = opened.open("/deployments/new/")
    page.get_by_role("link", name="Empty form").click()
    said(page, "6 still needed")
    for key, text in FIRST.items():
        fill(page, key, text)
    page.select_option("#c-gpu-type", "H200")
    mend(page, "Add that step.", "image-setup-commands")
    said(page, "Nothing stops a release")
    expect(page.locator("#side .figure").first).to_have_text("$36.31/h")
    page.locator("#side").get_by_role("button", name="Keep huggingface-cache there.").click()
    expect(page.locator("#f-volumes input[value='huggingface-cache']")).to_be_visible()
    _break_and_mend(page)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/deployments/glm/settings/")
    release(page)
    expect(page.get_by_text("Release 1 is made.")).to_be_visible()
    _change_a_flag(page)
    page.get_by_role("link", name="1", exact=True).click()
    page.get_by_role("button", name="Go back to release 1").click()
    expect(page.get_by_text("Release 3 has the configuration of release 1.")).to_be_visible()
    assert [release.spec["extra_flags"] for release in Release.objects.order_by("number")] == [
        [], ["--max-num-batched-tokens", "16384"], [],
    ]  # fmt: skip
    made = Deployment.objects.get()
    _take_along(page, made)
    assert (made.wanted, made.app_id, Lease.objects.count(), Wake.objects.count()) == ("off", "", 0, 0)
    assert opened.complaints == []


def _take_along(page: Page, made: Deployment) -> None:
    """Out as a file, and into a second deployment after a look at what it changes."""
    config = made.config | {"app_name": "second", "max_num_seqs": 8}
    second = Deployment.objects.create(slug="second", name="Second", account=made.account, config=config)
    page.goto(f"{page.url.partition('/deployments/')[0]}/deployments/glm/settings/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as YAML").click()
    page.goto(page.url.replace("/glm/settings/", "/second/settings/"))
    page.get_by_role("link", name="Bring in a file").click()
    page.locator("#file").set_input_files(download.value.path())
    page.get_by_role("button", name="Show what it changes").click()
    expect(page.get_by_role("row", name="Requests at once in the engine")).to_contain_text("32")
    page.get_by_role("button", name="Save this configuration").click()
    expect(page.get_by_text("The configuration is saved.")).to_be_visible()
    second.refresh_from_db()
    assert second.config == made.config | {"app_name": "second"}


def release(page: Page) -> None:
    """Ask for a release of what is saved, and say yes in the dialog."""
    page.get_by_role("link", name="Make release").click()
    page.get_by_role("dialog").get_by_role("button", name="Make release").click()


def _break_and_mend(page: Page) -> None:
    """A misspelt flag, a wrong choice, too few GPUs, a wrong pair of parsers, too short a start."""
    fill(page, "extra-flags-0", "--max-num-batched-tokenz")
    said(page, "1 to mend before a release")
    mend(page, "Write --max-num-batched-tokens.", "extra-flags-1")
    page.get_by_role("button", name="Remove --max-num-batched-tokens", exact=True).click()
    expect(value(page, "extra-flags-1")).to_have_count(0)
    page.get_by_text("Speculative decoding").first.click()
    fill(page, "speculative-method", "mpt")
    mend(page, "Write mtp.", "speculative-method")
    fill(page, "gpu-count", "4")
    mend(page, "Set gpu_count to 8.", "gpu-count")
    fill(page, "tool-call-parser", "hermes")
    mend(page, "Set tool_call_parser to glm47.", "tool-call-parser")
    fill(page, "startup-timeout-s", "2 min")
    mend(page, "Set startup_timeout_s to 600.", "startup-timeout-s")
    said(page, "Nothing stops a release")
    expect(value(page, "name")).to_have_value("GLM")


def _change_a_flag(page: Page) -> None:
    """By keyboard: a part of the name, the list, the value; the change is marked, saved and released."""
    page.get_by_role("link", name="Edit the configuration").click()
    flag = value(page, "extra-flags-0")
    flag.press_sequentially("batched")
    expect(page.get_by_role("option", name="--max-num-batched-tokens")).to_be_visible()
    flag.press("ArrowDown")
    flag.press("Enter")
    expect(flag).to_have_value("--max-num-batched-tokens")
    page.keyboard.type("16384")
    expect(page.locator("#m-extra-flags")).to_contain_text("Release 1: not set")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/deployments/glm/settings/")
    release(page)
    expect(page.get_by_text("Release 2 is made.")).to_be_visible()
