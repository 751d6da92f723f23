"""One message as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from chat.markdown import VERSION, render
from chat.models import Attachment, Message, Role
from chat.previews.found import HtmlPage, html_pages
from chat.services.branch import Shown
from deployments.pages import words

from .figures import Said, figures


@dataclass(frozen=True, slots=True)
class Turn:
    """A question or a reply. `mark` changes with its markup; `earlier` and `later` are other versions."""

    message: Message
    attachments: Sequence[Attachment]
    position: int
    total: int
    earlier: str
    later: str
    last: bool
    html: SafeString
    thought: str
    figures: list[Said]
    pages: list[HtmlPage]

    @property
    def mark(self) -> str:
        """What other tabs compare."""
        message = self.message
        end = message.finished_at.timestamp() if message.finished_at else 0
        return f"{message.status}.{self.position}.{self.total}.{int(self.can_go_on)}.{end:.0f}"

    @property
    def is_question(self) -> bool:
        """True for what a person wrote."""
        return self.message.role == Role.USER

    @property
    def waits(self) -> bool:
        """True before the first word."""
        return self.message.status in ("queued", "waking")

    @property
    def can_go_on(self) -> bool:
        """True where Continue is offered: the engine goes on only from the end of a conversation."""
        return self.last and self.message.can_go_on


def turns(shown: Sequence[Shown]) -> list[Turn]:
    """What of the branch was read."""
    return [turn(one) for one in shown]


def turn(one: Shown) -> Turn:
    """One of it."""
    message, at = one.message, one.position - 1
    reply = message.role == Role.ASSISTANT
    ids = [version.public_id for version in one.versions]
    return Turn(
        message=message,
        attachments=one.attachments,
        position=one.position,
        total=len(ids),
        earlier=ids[at - 1] if at else "",
        later=ids[at + 1] if at + 1 < len(ids) else "",
        last=one.last,
        html=html_of(message) if reply else SafeString(""),
        thought=_thought(message),
        figures=figures(message) if reply and not message.is_live else [],
        pages=html_pages(message.text) if reply and not message.is_live else [],
    )


def html_of(message: Message) -> SafeString:
    """The answer as HTML: what was rendered when it ended, or rendered now and kept if it has ended."""
    if not message.text:
        return SafeString("")
    if message.html and message.html_version == VERSION:
        return mark_safe(message.html)  # noqa: S308  # written by chat.markdown
    html = render(message.text)
    if not message.is_live:
        ended = Message.objects.filter(pk=message.pk, status=message.status, text=message.text)
        ended.update(html=html, html_version=VERSION)
    return mark_safe(html)  # noqa: S308  # chat.markdown made it safe


def _thought(message: Message) -> str:
    """The line above the reasoning; empty where there is none."""
    if not message.reasoning:
        return ""
    if message.first_token_at is None or message.reasoning_ended_at is None:
        return "Thinking" if message.is_live else "Thoughts"
    seconds = (message.reasoning_ended_at - message.first_token_at).total_seconds()
    return f"Thought for {words.duration(max(0.0, seconds))}"
