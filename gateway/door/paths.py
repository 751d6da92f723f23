"""What may be asked; everything else is 404."""

from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """Whose shape errors have."""

    OPENAI = "openai"
    RESPONSES = "responses"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path that is forwarded as it is. Counting tokens is no use: it wakes nothing and keeps nothing lit.

    `streams`: whether `"stream": true` in the body makes the answer a stream.
    """

    path: str
    dialect: Dialect = Dialect.OPENAI
    counts_as_use: bool = True
    streams: bool = True


MODELS_PATH = "/v1/models"

FORWARDED = {
    endpoint.path: endpoint
    for endpoint in (
        Endpoint("/v1/chat/completions"),
        Endpoint("/v1/completions"),
        Endpoint("/v1/embeddings", streams=False),
        Endpoint("/v1/responses", Dialect.RESPONSES),
        Endpoint("/v1/messages", Dialect.ANTHROPIC),
        Endpoint("/v1/messages/count_tokens", Dialect.ANTHROPIC, counts_as_use=False, streams=False),
    )
}


def dialect_of(path: str) -> Dialect:
    """The shape in which errors about `path` are told, known or not."""
    if path == "/v1/messages" or path.startswith("/v1/messages/"):
        return Dialect.ANTHROPIC
    return Dialect.RESPONSES if path == "/v1/responses" else Dialect.OPENAI
