"""The values that go into every client's configuration. Pure."""

import json
import math
from dataclasses import dataclass

from deployments.public import ClientFacts

# A cold start slower than nine of ten is still waited for; then a long answer has its own ten minutes.
_MARGIN = 1.25
_ANSWER_S = 600
_MOST_OUTPUT_TOKENS = 32768


@dataclass(frozen=True, slots=True)
class Setup:
    """What a configuration is filled with. `key` is empty where the client reads it from its environment.

    `root_url` has no `/v1`, which Anthropic's clients add themselves. `output_tokens` is a share of the
    context, None where that is not known. `timeout_s` holds for one whole request.
    """

    root_url: str
    model: str
    name: str
    key: str
    context_tokens: int | None
    output_tokens: int | None
    calls_tools: bool
    timeout_s: int

    @property
    def base_url(self) -> str:
        """Where OpenAI's clients begin."""
        return f"{self.root_url}/v1"

    @property
    def timeout_ms(self) -> int:
        """The same in milliseconds."""
        return self.timeout_s * 1000

    @property
    def question(self) -> str:
        """A small streamed request, as JSON."""
        asked = [{"role": "user", "content": "Say hello."}]
        return json.dumps({"model": self.model, "stream": True, "messages": asked})


def setup(facts: ClientFacts, *, root_url: str, model: str, key: str = "") -> Setup:
    """The values for a deployment; `model` is the name under which the gateway lists it."""
    context = facts.context_tokens
    return Setup(
        root_url=root_url.rstrip("/"),
        model=model,
        name=facts.name,
        key=key,
        context_tokens=context,
        output_tokens=min(_MOST_OUTPUT_TOKENS, context // 4) if context else None,
        calls_tools=facts.calls_tools,
        timeout_s=timeout_s(facts.ready_p90_s),
    )


def timeout_s(ready_p90_s: float) -> int:
    """Seconds after which a client may give up: a slow start and a long answer, up to the next minute."""
    return math.ceil((ready_p90_s * _MARGIN + _ANSWER_S) / 60) * 60
