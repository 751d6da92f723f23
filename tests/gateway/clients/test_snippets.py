"""Every snippet is valid in its own language, whatever the names are, and says what it should."""

import ast
import json
import subprocess
from typing import Any

import pytest
import yaml
from anthropic import Anthropic
from openai import OpenAI

from deployments.public import ClientFacts
from gateway.clients.catalogue import CLIENTS, Snippet, snippets
from gateway.clients.setup import Setup, setup, timeout_s

KEY = "pl_" + "a-_9" * 10 + "abc"
NASTY = "Ben’s \"GLM\" \\ 5.2: #1 </b> {{ x }} 'q' 🔥"


def values(*, key: str = "", name: str = "GLM-5.2 FP8", context: int | None = 131072) -> Setup:
    facts = ClientFacts("glm-5-2-fp8", name, "glm-5.2-fp8", context, True, 275.0, 370.0, 23)
    return setup(facts, root_url="https://panel.example.org/", model="glm-5.2-fp8", key=key)


def part(slug: str, number: int = 0, **more: Any) -> Snippet:
    client = next(client for client in CLIENTS if client.slug == slug)
    return snippets(client, values(**more))[number]


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize("context", [None, 131072])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.slug)
def test_parses_in_its_language(client: Any, key: str, context: int | None) -> None:
    for snippet in snippets(client, values(key=key, name=NASTY, context=context)):
        parse(snippet)
        assert (KEY in snippet.text) == (bool(key) and snippet.id != "aider-2")
        assert "None" not in snippet.text


def parse(snippet: Snippet) -> None:
    """JavaScript is parsed by a browser, in tests/browser/test_connect.py."""
    if snippet.language == "json":
        json.loads(snippet.text)
    elif snippet.language == "yaml":
        assert isinstance(yaml.safe_load(snippet.text), dict)
    elif snippet.language == "python":
        ast.parse(snippet.text)
    elif snippet.language == "shell":
        subprocess.run(["sh", "-n"], input=snippet.text, text=True, check=True)
    elif snippet.language == "fields":
        assert all(": " in line for line in snippet.text.splitlines())
    else:
        assert snippet.language == "javascript"


def test_names_survive_their_quoting() -> None:
    model = json.loads(part("opencode", name=NASTY).text)["provider"]["pilotlight"]["models"]["glm-5.2-fp8"]
    assert model["name"] == NASTY
    assert yaml.safe_load(part("continue", name=NASTY).text)["models"][0]["name"] == NASTY


def test_opencode_knows_address_key_limits_and_timeout_in_milliseconds() -> None:
    config = json.loads(part("opencode").text)
    provider = config["provider"]["pilotlight"]
    assert config["model"] == "pilotlight/glm-5.2-fp8"
    assert provider["options"] == {
        "baseURL": "https://panel.example.org/v1",
        "apiKey": "{env:PILOTLIGHT_KEY}",
        "timeout": 1_080_000,
    }
    assert provider["models"]["glm-5.2-fp8"]["limit"] == {"context": 131072, "output": 32768}


def test_continue_counts_in_seconds_and_leaves_autocomplete_alone() -> None:
    (model,) = yaml.safe_load(part("continue").text)["models"]
    assert model["requestOptions"] == {"timeout": 1080}
    assert model["apiKey"] == "${{ secrets.PILOTLIGHT_KEY }}"
    assert "autocomplete" not in model["roles"]


def test_claude_code_gets_the_address_without_v1() -> None:
    said = "env -u PILOTLIGHT_KEY sh -c '. /dev/stdin; env'"
    text = part("claude-code", key=KEY).text.replace("\nclaude", "")
    found = subprocess.run(said, shell=True, input=text, text=True, check=True, capture_output=True)  # noqa: S602
    environment = dict(line.split("=", 1) for line in found.stdout.splitlines() if "=" in line)
    assert environment["ANTHROPIC_BASE_URL"] == "https://panel.example.org"
    assert environment["ANTHROPIC_AUTH_TOKEN"] == KEY
    assert environment["API_TIMEOUT_MS"] == "1080000"
    assert environment["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "glm-5.2-fp8"


def test_aider_finds_its_model_by_the_same_name() -> None:
    config, known = yaml.safe_load(part("aider").text), json.loads(part("aider", 1).text)
    assert list(known) == [config["model"]] == ["openai/glm-5.2-fp8"]
    assert config["timeout"] == 1080


@pytest.mark.parametrize(("slug", "kind"), [("openai-python", OpenAI), ("anthropic-python", Anthropic)])
def test_the_real_python_clients_take_the_values(slug: str, kind: Any) -> None:
    before = part(slug, key=KEY).text.split("\n)\n")[0] + "\n)\n"
    names: dict[str, Any] = {}
    exec(before, names)  # noqa: S102 - the snippet, as somebody would run it
    client = names["client"]
    assert isinstance(client, kind)
    assert client.timeout == 1080
    assert client.api_key == KEY
    assert str(client.base_url).startswith("https://panel.example.org")


# 1.25 x p90 + 600 s, up to the next minute.
@pytest.mark.parametrize(("p90_s", "said_s"), [(370.0, 1080), (0.0, 600), (18.6, 660), (371.25, 1080)])
def test_timeout_covers_a_slow_start_and_a_long_answer(p90_s: float, said_s: int) -> None:
    assert timeout_s(p90_s) == said_s
