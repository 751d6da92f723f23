"""What the Connect page says, run as it stands: from a server that is off, through the door, to an answer."""

import subprocess
import sys

from deployments.public import ClientFacts
from gateway.clients.catalogue import CLIENTS, snippets
from gateway.clients.setup import setup
from tests.patience import until

from .panel import Panel

NAME = "snippets"


def said(panel: Panel, client: str) -> str:
    """What the first snippet of a client prints, with the key filled in."""
    facts = ClientFacts(NAME, "Snippets", NAME, 131072, True, 5.0, 6.0, 0)
    values = setup(facts, root_url=panel.url, model=NAME, key=panel.key)
    found = next(one for one in CLIENTS if one.slug == client)
    snippet = snippets(found, values)[0]
    argv = ["sh"] if snippet.language == "shell" else [sys.executable, "-"]
    done = subprocess.run(argv, input=snippet.text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_snippets_answer_from_cold(panel: Panel) -> None:
    server = panel.make(NAME)
    until(lambda: NAME in panel.call("GET", "/v1/models", root=True).text)  # the door's list is a second old
    cold = said(panel, "curl")
    assert ": waking phase=" in cold
    assert "data: [DONE]" in cold
    assert len(said(panel, "openai-python")) > 10
    assert len(said(panel, "anthropic-python")) > 10
    assert len(server.runs()) == 1, "one wake for all of them"
    server.sleep(force=True)
