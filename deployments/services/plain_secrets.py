"""No secret is stored in a configuration: everybody may read one, and releases and records keep it."""

from collections.abc import Iterator
from typing import Any

from deployments.engines.validation.secrets import is_secret_value, plain_secrets
from deployments.planning.spec import Spec

from .errors import bad_field

# Flags of the engine whose value is a secret, whatever it looks like. They may be written with underscores,
# and the engine takes them short: with these letters it can be no other flag.
_FLAGS = {"--api-key": "--api-k", "--hf-token": "--hf-t"}
_REMEDY = "Put it into a secret at the provider and name that under secrets."


def refuse_plain_secrets(spec: Spec) -> None:
    """Raises Refused naming the setting that holds what looks like somebody's token. It is never repeated."""
    config = spec.to_json()
    for name, what in plain_secrets(config):
        raise bad_field(f"config.{name}", f"{what} looks like a secret. {_REMEDY}")
    for name, value in config.items():
        if any(is_secret_value(text) for text in _texts(value)):
            raise bad_field(f"config.{name}", f"{name} holds what looks like a secret. {_REMEDY}")
    for flag in spec.extra_flags:
        spelled = flag.partition("=")[0].replace("_", "-")
        if any(name.startswith(spelled) and spelled.startswith(short) for name, short in _FLAGS.items()):
            raise bad_field("config.extra_flags", f"{spelled} holds a secret. {_REMEDY}")


def refuse_secret_text(name: str, text: str) -> None:
    """Raises Refused where what people write for each other holds what looks like somebody's token."""
    if is_secret_value(text):
        raise bad_field(name, "It holds what looks like a secret, and everybody may read it. Take that out.")


def _texts(value: Any) -> Iterator[str]:
    """Every text within, names as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
