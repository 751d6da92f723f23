"""The way into every page of the playground: a power, and one's own conversation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404

from chat.models import Message
from chat.services.errors import ChatRefused
from chat.services.lookup import message_of
from deployments.pages.access import PageRequest, needs
from deployments.planning.power import Scope

__all__ = ["PageRequest", "chats", "own_message"]

View = Callable[..., Any]


def chats(view: View) -> View:
    """The decorator of these pages: asks for the power to chat; what is not one's own is a 404."""

    @wraps(view)
    def page(request: PageRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except ChatRefused as error:
            if error.code == "not_found":
                raise Http404(error.message) from error
            raise

    return needs(Scope.CHAT)(page)


def own_message(request: PageRequest, public_id: str) -> Message:
    """The message, of one's own conversation; ChatRefused `not_found` otherwise."""
    return message_of(request.user, public_id)
