"""No wake without its price: who asks while the server sleeps has seen what that costs."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from chat.models import Conversation
from chat.services.errors import ChatRefused
from deployments.public import deployment_status

from .access import PageRequest
from .answers import scripted
from .sending import Sending, sending_now

SEEN = "seen_usd"
# A price that has grown more than this, and a cent, since it was shown is shown again.
_BEARABLE, _CENT = Decimal("1.2"), Decimal("0.01")


class PriceUnseen(Exception):
    """Asking now would wake the server, and its price was not shown, or one well below it."""

    def __init__(self, now: Sending) -> None:
        super().__init__(now.price)
        self.now = now


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a yes: its address, its text if it has one, what the button says, where a no leads."""

    row: Conversation
    action: str
    verb: str
    back: str
    text: str | None = None


def check_may_ask(request: PageRequest, slug: str) -> bool:
    """True where asking may wake the server: its price was seen. False where it is lit or on its way.

    The page may be older than the state: what could not be answered is not queued (ChatRefused `cannot`), and
    what would wake the server for more than was shown (`seen_usd`) is asked about first (PriceUnseen).
    """
    now = sending_now(request, slug)
    if not now.open:
        raise ChatRefused("cannot", now.why)
    if now.usd is not None and not _bears(request.POST.get(SEEN, ""), now.usd):
        raise PriceUnseen(now)
    return now.usd is not None


def _bears(shown: str, usd: Decimal) -> bool:
    """True where the price that was shown stands for `usd`."""
    try:
        seen = Decimal(shown)
    except InvalidOperation:
        return False
    return seen.is_finite() and usd <= seen * _BEARABLE + _CENT


def ask_first(request: PageRequest, unseen: PriceUnseen, held: Held) -> HttpResponse:
    """409: the price, the time, and one button that goes on with the same text; as a dialog for the page's
    script, as a page without it."""
    status = deployment_status(held.row.deployment_slug, request.actor)
    context = {"nav": "deployments", "sending": unseen.now, "held": held, "status": status}
    if not scripted(request):
        return render(request, "chat/wake.html", context, status=409)
    html = render_to_string("chat/_wake_dialog.html", context | {"modal": True}, request)
    said = f"It is asleep. Waking it costs {unseen.now.price}."
    facts = {"code": "price_unseen", "message": said, "dialog": html, "base": held.back.partition("#")[0]}
    return JsonResponse(facts, status=409)
