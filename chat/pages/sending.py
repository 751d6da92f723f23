"""What the Send button says and costs, by the state of the server. Pure, but for one quote."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from chat.models import Generator
from deployments.pages import live, words
from deployments.pages.lookup import deployment_of
from deployments.planning.power import Actor, Scope
from deployments.public import Quote, Refused, State, StatusView, deployment_status, quote_for

from .access import PageRequest, chats

_READY = (State.READY, State.DEGRADED)
_COMING = (State.WAKING, State.DEPLOYING)


@dataclass(frozen=True, slots=True)
class Sending:
    """The button: its words, whether it can be pressed, and if not why and what helps.

    `start` says that starting would help and that the actor may do it. `usd` is what a wake costs where
    asking means one, `price` the same in words, `ready_s` the seconds until it is ready; None and empty
    otherwise.
    """

    label: str
    open: bool = True
    why: str = ""
    start: bool = False
    wakes: bool = False
    poll_s: int = live.QUIET_S
    usd: Decimal | None = None
    ready_s: float | None = None

    @property
    def price(self) -> str:
        """About what a wake costs; empty where asking wakes nothing."""
        return words.about_money(self.usd) if self.usd is not None else ""

    @property
    def seen(self) -> str:
        """What a form posts back as the price that was shown."""
        return f"{self.usd:.4f}" if self.usd is not None else ""


def sending(status: StatusView, actor: Actor, *, generators: int) -> Sending:
    """The button for `actor` while the server is in this state."""
    slow = "" if generators else "Replies wait: the process that writes them (runner) is not running."
    poll_s = live.poll_s([status])
    if status.frozen:  # what is lit still is being put out
        return Sending("Send", open=False, why=_why_not(status, start=False), poll_s=poll_s)
    if status.state in _READY:
        return Sending("Send", why=slow, poll_s=poll_s)
    if status.state in _COMING:
        return Sending("Send when ready", why=slow, poll_s=poll_s)
    if status.state is State.ASLEEP:
        return _waking(status, actor, slow, poll_s)
    start = "start" in status.verbs
    return Sending("Send", open=False, why=_why_not(status, start=start), start=start, poll_s=poll_s)


def _waking(status: StatusView, actor: Actor, slow: str, poll_s: int) -> Sending:
    if not actor.may(Scope.WAKE, status.slug):
        why = "It is asleep, and your role does not wake it. A Member can start it."
        return Sending("Send", open=False, why=why, poll_s=poll_s)
    quote = _quote(status.slug, actor)
    if quote is None:
        why = (
            "It is asleep, and its price is not known: what cannot be priced is not lit. An admin enters it."
        )
        return Sending("Send", open=False, why=why, poll_s=poll_s)
    label = f"Wake and send ({words.about_money(quote.total_usd)})"
    usd, ready_s = quote.total_usd, quote.ready_p50_s
    return Sending(label, why=slow, wakes=True, poll_s=poll_s, usd=usd, ready_s=ready_s)


def _quote(slug: str, actor: Actor) -> Quote | None:
    try:
        return quote_for(slug, actor)
    except Refused:
        return None


def _why_not(status: StatusView, *, start: bool) -> str:
    if status.frozen:
        return "Frozen: nothing can be lit until an admin lifts it. Your text stays here."
    if status.state is State.STOPPING:
        return "It is going out. Send again when it is asleep; your text stays here."
    if status.state is State.UNKNOWN:
        return "The provider cannot be read, so nothing is sent. Your text stays here."
    lead = (
        "It failed to start." if status.state is State.FAILED else "It is off, and a message cannot wake it."
    )
    return lead + (" Start it first." if start else " An Operator starts it. Your text stays here.")


def sending_now(request: PageRequest, slug: str) -> Sending:
    """The button at this moment. Reads rows alone."""
    status = deployment_status(slug, request.actor)
    if status is None:
        return Sending("Send", open=False, why="This deployment is not open to you.")
    alive = Generator.objects.alive(timezone.now()).count()
    return sending(status, request.actor, generators=alive)


@require_safe
@chats
def send_fragment(request: PageRequest, slug: str) -> HttpResponse:
    """The button, live."""
    deployment_of(request, slug)
    context = {"slug": slug, "sending": sending_now(request, slug)}
    return live.answer(request, "chat/_send.html", context)
