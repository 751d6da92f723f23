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
from .pricing import Held, PriceUnseen, ask_first, check_may_ask

View = Callable[..., HttpResponse]


@require_POST
@chats
def ask(request: PageRequest, slug: str, public_id: str | None = None) -> HttpResponse:
    """Send what stands in the composer; a new conversation begins with it. What is refused stays a draft."""
    text = request.POST.get("text", "")
    row = conversation_for(request, slug, public_id)
    try:
        for file in request.FILES.getlist("files"):
            attachments.attach(request.user, row.public_id, file.name or "", attachments.read_whole(file))
        may_wake = check_may_ask(request, row.deployment_slug)
        reply = replies.ask(request.user, row.public_id, text, may_wake=may_wake)
    except PriceUnseen as unseen:
        _keep(request, row, text)
        held = Held(row, places.ask(row), "Wake and send", places.conversation(row), text)
        return ask_first(request, unseen, held)
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


def _keep(request: PageRequest, row: Conversation, text: str) -> None:
    try:
        conversations.save_draft(request.user, row.public_id, text.replace("\r\n", "\n"))
    except ChatRefused:
        return  # longer than a draft may be: the browser has it still


def _acts(act: Callable[[PageRequest, Message, bool], Message | None], wakes: str = "") -> View:
    """A view that does something to one message and shows where it went on.

    Where that asks the server, `wakes` is what its button says while the server sleeps, and `act` is told
    whether it may wake it.
    """

    @require_POST
    @chats
    def view(request: PageRequest, public_id: str) -> HttpResponse:
        message = own_message(request, public_id)
        try:
            may_wake = bool(wakes) and check_may_ask(request, message.conversation.deployment_slug)
            reply = act(request, message, may_wake)
        except PriceUnseen as unseen:
            text = request.POST.get("text")
            held = Held(message.conversation, request.path, wakes, places.turn(message), text)
            return ask_first(request, unseen, held)
        except ChatRefused as error:
            return refused(request, error, places.turn(message))
        to = f"{places.conversation(message.conversation)}#m-{(reply or message).public_id}"
        return done(request, to, **facts(message.conversation, reply))

    return view


def _edit(request: PageRequest, message: Message, may_wake: bool) -> Message:
    return replies.edit(request.user, message.public_id, request.POST.get("text", ""), may_wake=may_wake)


def _regenerate(request: PageRequest, message: Message, may_wake: bool) -> Message:
    return replies.regenerate(request.user, message.public_id, may_wake=may_wake)


def _carry_on(request: PageRequest, message: Message, may_wake: bool) -> Message:
    return replies.carry_on(request.user, message.public_id, may_wake=may_wake)


def _stop(request: PageRequest, message: Message, may_wake: bool) -> None:
    replies.stop(request.user, message.public_id)


def _show(request: PageRequest, message: Message, may_wake: bool) -> None:
    replies.show_version(request.user, message.public_id)


edit = _acts(_edit, "Wake and send")
regenerate = _acts(_regenerate, "Wake and retry")
carry_on = _acts(_carry_on, "Wake and go on")
stop = _acts(_stop)
show_version = _acts(_show)
