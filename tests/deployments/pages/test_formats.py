"""Formats side by side, and whether any model fits."""

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deployments.models import Deployment, ModelConfig, Price
from deployments.planning.power import Role
from tests.deployments.planning.memory.families import config_of

from .states import States

Browser = Callable[..., Client]
PAGE, FIT, KEEP = "/deployments/glm/formats/", "/models/fit/", "/deployments/glm/model-config/"
LLAMA = json.dumps(config_of("Llama 3.1 8B"))


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def rows(page: str) -> list[str]:
    """The options as words, cheapest first."""
    table = page.split('aria-label="Options, cheapest first"')[1].split("</table>")[0]
    return [re.sub(r"<[^>]+>| +", " ", row) for row in table.split("<tbody>")[1].split("</tr>")[:-1]]


def patches(page: str) -> list[dict[str, object]]:
    links = re.findall(r'href="(/deployments/glm/settings/edit/[^"]+)"', page)
    return [json.loads(parse_qs(urlsplit(one.replace("&amp;", "&")).query)["patch"][0]) for one in links]


@pytest.fixture
def glm(states: States) -> Deployment:
    return states.released("glm", "GLM")


def test_the_page_has_the_case_study_and_what_serves_the_model(browser: Browser, glm: Deployment) -> None:
    page = text(browser(Role.VIEWER), PAGE)
    for figure in ("about 1.5 TB", "99.2 %", "91.4 %", "16 × H200", "$72.63", "1.5 to 2 times as fast"):
        assert figure in page
    assert "documented there, not measured by us" in page
    found = rows(page)
    assert "INT4" in found[0]
    assert "4 × H200" in found[0]
    assert "$18.15" in found[0]
    saved = next(row for row in found if "as saved" in row)
    assert "8 × H200" in saved
    assert "509,063 tokens" in saved
    assert "not known" in next(row for row in found if "NVFP4" in row), "nobody published its accuracy"
    assert "no INT8 kernels" in page
    assert patches(page) == [], "a Viewer changes no settings"


def test_an_admin_is_led_to_the_settings_with_the_change(browser: Browser, glm: Deployment) -> None:
    client = browser(Role.ADMIN)
    assert patches(text(client, PAGE)) == [{"gpu_type": "B200"}]
    found = patches(text(client, f"{PAGE}?context=32768&cache=&requests=9"))
    assert {"gpu_type": "B200", "max_model_len": 32768, "kv_cache_dtype": None} in found


def test_it_is_counted_for_what_is_asked(browser: Browser, glm: Deployment) -> None:
    client = browser()
    found = rows(text(client, f"{PAGE}?requests=10"))
    assert not any("H100" in row for row in found)
    assert "4 × H200" not in "".join(found)
    page = text(client, f"{PAGE}?context=0&share=3&requests=x&cache=mystery")
    assert page.count('class="error"') == 3
    assert "131072 is used" in page
    assert "Nothing that has a price serves" in text(client, f"{PAGE}?requests=4000")


def test_prices_are_those_of_the_account(browser: Browser, states: States, glm: Deployment) -> None:
    Price.objects.filter(resource="gpu:B200").delete()
    Price.objects.create(
        account=states.account, resource="gpu:H200", usd_per_s="0.001", source="Own rates",
        effective_from=states.ago(60), checked_on=states.now.date(),
    )  # fmt: skip
    page = text(browser(), PAGE)
    assert "$14.40" in rows(page)[0]
    assert not any("B200" in row for row in rows(page))


def test_a_model_that_is_not_known_is_counted_once_its_config_is_given(
    browser: Browser, glm: Deployment
) -> None:
    glm.config = glm.config | {"model": "somebody/llama", "checkpoint_gib": None, "speculative": None}
    glm.save(update_fields=["config"])
    client = browser(Role.ADMIN)
    assert "The sizes of somebody/llama are not known here" in text(client, PAGE)
    wrong = client.post(KEEP, {"config": '{"hidden_size": 1}'}, follow=True)
    assert "config.num_hidden_layers is missing" in wrong.content.decode()
    client.post(KEEP, {"file": SimpleUploadedFile("config.json", LLAMA.encode())})
    page = text(client, PAGE)
    assert "1 × H100" in rows(page)[0]
    assert "given by admin" in page
    assert "compared with what an engine printed" in page
    client.post(KEEP, {"act": "forget"})
    assert not ModelConfig.objects.exists()


def test_any_model_is_counted_and_nothing_is_kept(browser: Browser, states: States) -> None:
    client = browser(Role.VIEWER)
    assert "Does a model fit?" in text(client, FIT)
    response = client.post(FIT, {"config": LLAMA, "gpu": "L4", "gpus": 1, "context": 8192})
    page = re.sub(r"\s+", " ", response.content.decode())
    assert response.status_code == 200
    assert "8 of keys and values" in page
    assert "15.0 GiB" in page  # 8.03 billion in 16 bits
    assert "this checkpoint" in page
    assert "Keep this config.json" not in page
    assert not ModelConfig.objects.exists()


def test_what_is_wrong_with_it_is_said_at_its_field(browser: Browser, states: States) -> None:
    response = browser().post(FIT, {"config": '{"num_hidden_layers": 0}', "gpus": "x"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "<code>num_hidden_layers</code> is 0" in page
    assert "1 is used" in page


def test_an_admin_keeps_it_from_there(browser: Browser, glm: Deployment) -> None:
    client = browser(Role.ADMIN)
    page = client.post(FIT, {"config": LLAMA}).content.decode()
    assert "Keep this config.json" in page
    assert client.post(FIT, {"config": LLAMA, "act": "keep", "deployment": "none"}).status_code == 422
    kept = client.post(FIT, {"config": LLAMA, "act": "keep", "deployment": "glm"})
    assert kept.status_code == 302
    assert ModelConfig.objects.get().deployment == glm
    refused = browser(Role.OPERATOR).post(FIT, {"config": LLAMA, "act": "keep", "deployment": "glm"})
    assert refused.status_code == 422
