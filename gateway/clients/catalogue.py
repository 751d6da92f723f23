"""The clients, and the files or commands that configure each."""

from dataclasses import dataclass

from django.template.loader import render_to_string

from .setup import Setup


@dataclass(frozen=True, slots=True)
class Part:
    """One file, command or list of fields. `template` lies in `templates/gateway/clients/`."""

    where: str
    language: str
    template: str


@dataclass(frozen=True, slots=True)
class Client:
    """One client. `note` says what would surprise."""

    slug: str
    name: str
    parts: tuple[Part, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One part, filled in."""

    id: str
    where: str
    language: str
    text: str


CLIENTS = (
    Client("opencode", "OpenCode", (Part("opencode.json, in your project", "json", "opencode.json"),)),
    Client(
        "claude-code",
        "Claude Code",
        (Part("in your shell, before claude", "shell", "claude-code.sh"),),
        "Its small background requests go to the model named for Haiku, so that name is set, too.",
    ),
    Client(
        "cline",
        "Cline",
        (Part("Settings, API Provider “OpenAI Compatible”", "fields", "cline.txt"),),
        "This form has no time-out; the waiting lines keep its stream open.",
    ),
    Client(
        "continue",
        "Continue",
        (Part("~/.continue/config.yaml", "yaml", "continue.yaml"),),
        "Not for autocomplete: each pause in typing would be a request, and would keep the server lit.",
    ),
    Client(
        "aider",
        "aider",
        (
            Part(".aider.conf.yml", "yaml", "aider.yml"),
            Part(".aider.model.metadata.json, beside it", "json", "aider.json"),
        ),
    ),
    Client("openai-python", "Python, openai", (Part("pip install openai", "python", "openai.py.txt"),)),
    Client("openai-js", "JavaScript, openai", (Part("npm install openai", "javascript", "openai.mjs"),)),
    Client(
        "anthropic-python",
        "Python, anthropic",
        (Part("pip install anthropic", "python", "anthropic.py.txt"),),
    ),
    Client(
        "curl",
        "curl",
        (Part("in any shell", "shell", "curl.sh"),),
        "While it wakes it prints lines such as “: waking phase=weights eta_s=165”.",
    ),
)


def snippets(client: Client, values: Setup) -> list[Snippet]:
    """The parts of a client, filled in with `values`."""
    return [
        Snippet(
            id=f"{client.slug}-{number}",
            where=part.where,
            language=part.language,
            text=_filled(part.template, values),
        )
        for number, part in enumerate(client.parts, start=1)
    ]


def _filled(template: str, values: Setup) -> str:
    """Plain text and not safe HTML: the page that shows it escapes it."""
    return str.strip(render_to_string(f"gateway/clients/{template}", {"setup": values}))
