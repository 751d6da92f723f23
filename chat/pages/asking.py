"""Sending, asking again, going on, stopping: everything that makes or ends a reply."""

from collections.abc import Callable

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from chat.models import Conversation, Message
from chat.services import attachments, conversations, replies
from chat.services.errors import ChatRefused
from deployments.pages.lookup import deployment_of

from . import places
from .access import PageRequest, chats, own_message
from .answers import done, refused
from .sending import sending_now


@require_POST
@chats
def ask(request: PageRequest, slug: str, public_id: str | None = None) -> HttpResponse:
    """Send what stands in the composer; a new conversation begins with it. What is refused stays a draft."""
    text = request.POST.get("text", "")
    row = conversation_for(request, slug, public_id)
    try:
        _may_send(request, slug)
        for file in request.FILES.getlist("files"):
            attachments.attach(request.user, row.public_id, file.name or "", attachments.read_whole(file))
        reply = replies.ask(request.user, row.public_id, text)
    except ChatRefused as error:
        _keep(request, row, text)
        return refused(request, error, places.conversation(row))
    return done(request, f"{places.conversation(row)}#m-{reply.public_id}", **facts(row, reply))


def conversation_for(request: PageRequest, slug: str, public_id: str | None) -> Conversation:
    """The conversation of the address, or a new one with this deployment."""
    if public_id is not None:
        return conversations.found(request.user, public_id)
    deployment_of(request, slug)
    return conversations.begin(request.user, slug)


def facts(row: Conversation, reply: Message | None = None) -> dict[str, str]:
    """What the script has to know of a conversation."""
    return {"base": places.conversation(row), "reply": reply.public_id if reply else ""}


def _may_send(request: PageRequest, slug: str) -> None:
    """The page may be older than the state: what could not be answered is not queued."""
    now = sending_now(request, slug)
    if not now.open:
        raise ChatRefused("cannot", now.why)


def _keep(request: PageRequest, row: Conversation, text: str) -> None:
    try:
        conversations.save_draft(request.user, row.public_id, text.replace("\r\n", "\n"))
    except ChatRefused:
        return  # longer than a draft may be: the browser has it still


def _acts(act: Callable[[PageRequest, Message], Message | None]) -> Callable[..., HttpResponse]:
    """A view that does something to one message and shows where it went on."""

    @require_POST
    @chats
    def view(request: PageRequest, public_id: str) -> HttpResponse:
        message = own_message(request, public_id)
        try:
            reply = act(request, message)
        except ChatRefused as error:
            return refused(request, error, places.turn(message))
        to = f"{places.conversation(message.conversation)}#m-{(reply or message).public_id}"
        return done(request, to, **facts(message.conversation, reply))

    return view


def _edit(request: PageRequest, message: Message) -> Message:
    _may_send(request, message.conversation.deployment_slug)
    return replies.edit(request.user, message.public_id, request.POST.get("text", ""))


def _regenerate(request: PageRequest, message: Message) -> Message:
    _may_send(request, message.conversation.deployment_slug)
    return replies.regenerate(request.user, message.public_id)


def _carry_on(request: PageRequest, message: Message) -> Message:
    _may_send(request, message.conversation.deployment_slug)
    return replies.carry_on(request.user, message.public_id)


def _stop(request: PageRequest, message: Message) -> None:
    replies.stop(request.user, message.public_id)


def _show(request: PageRequest, message: Message) -> None:
    replies.show_version(request.user, message.public_id)


edit = _acts(_edit)
regenerate = _acts(_regenerate)
carry_on = _acts(_carry_on)
stop = _acts(_stop)
show_version = _acts(_show)
