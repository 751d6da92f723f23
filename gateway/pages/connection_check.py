"""Whether a client's settings would work, found without asking a server: only the panel itself is asked."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from deployments.pages import words
from deployments.public import Actor, Refused, Scope, State, StatusView, deployment_status, quote_for
from gateway.known_key import KnownKey, look_up
from gateway.models import WhenAsleep
from gateway.models.api_key import digest

YES, NO, MIND, INFO = "yes", "no", "mind", "info"
_TIMEOUT_S = 5.0
_LIT = (State.READY, State.DEGRADED)
_COMING = (State.WAKING, State.DEPLOYING)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was checked. `said` is yes, no, mind (could not be told) or info."""

    said: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What `GET /v1/models` said: its status, or 0 with the reason where nothing was heard."""

    status: int
    models: tuple[dict[str, Any], ...] = ()
    reason: str = ""


def check(secret: str, slug: str, *, actor: Actor, now: datetime) -> list[Line]:
    """Address, key, powers, model, state, and what a request would meet now. No container is asked."""
    if not secret:
        return [Line(NO, "Key", "Paste a key, or make one here.")]
    answer, known = ask_models(secret), look_up(digest(secret), now=now)
    lines = [_address(answer), _key(known)]
    if known is None:
        return lines
    lines += [_powers(known, slug), _model(answer, slug)]
    status = deployment_status(slug, actor)
    if status is None:
        return lines
    lines.append(Line(INFO, "State", str(status.sentence)))
    return [*lines, Line(INFO, "A request now", _would(known, status, actor))]


def ask_models(secret: str) -> Answer:
    """`GET /v1/models` at the public address, as a client would. Never raises for what the network does."""
    request = urllib.request.Request(  # noqa: S310 - the panel's own address, set by whoever runs it
        f"{settings.PANEL_PUBLIC_URL}/v1/models", headers={"Authorization": f"Bearer {secret}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as response:
            return Answer(response.status, tuple(json.loads(response.read(1_000_000))["data"]))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Answer(0, reason=str(getattr(error, "reason", error))[:200])


def _address(answer: Answer) -> Line:
    url = f"{settings.PANEL_PUBLIC_URL}/v1"
    if answer.status in (200, 401, 403):
        return Line(YES, "Address", f"{url} is answered by this panel.")
    if answer.status:
        return Line(NO, "Address", f"{url} answered {answer.status}. Something else stands at that address.")
    text = f"The panel could not reach {url} itself: {answer.reason}. From elsewhere it may be reachable."
    return Line(MIND, "Address", text)


def _key(known: KnownKey | None) -> Line:
    if known is None:
        return Line(
            NO,
            "Key",
            "It opens nothing: unknown, revoked or expired, or its owner may do nothing. Make a new one.",
        )
    ends = "" if known.expires_at is None else f" Works until {known.expires_at:%Y-%m-%d}."
    return Line(YES, "Key", f"“{known.name}” of {known.owner_name}.{ends}")


def _powers(known: KnownKey, slug: str) -> Line:
    if known.deployments is not None and slug not in known.deployments:
        return Line(NO, "Powers", f"It is limited to {', '.join(sorted(known.deployments))}.")
    if Scope.CHAT not in known.scopes:
        return Line(NO, "Powers", "It has no chat, so it cannot ask a model.")
    return Line(
        YES, "Powers", f"It may {', '.join(scope.value for scope in Scope if scope in known.scopes)}."
    )


def _model(answer: Answer, slug: str) -> Line:
    name = next((str(one.get("id")) for one in answer.models if one.get("deployment") == slug), "")
    if name:
        return Line(YES, "Model", f"“{name}” is in the list that this key gets.")
    if answer.status == 200:
        return Line(NO, "Model", "It is not in the list that this key gets.")
    return Line(MIND, "Model", "The list of models could not be read, so this was not checked.")


def _would(known: KnownKey, status: StatusView, actor: Actor) -> str:
    """What becomes of a request with this key at this moment, in a sentence."""
    if status.state in _LIT:
        return "It is answered at once, and the idle time begins anew after it."
    if status.state in _COMING:
        return _while_coming(known, status)
    if status.state not in (State.ASLEEP, State.OFF):
        return "It is refused with the reason; nothing is lit by it."
    needed = Scope.OPERATE if status.state is State.OFF else Scope.WAKE
    if status.frozen:
        return "It is refused: the panel is frozen."
    if status.weights_present is False:
        return "It is refused: the weights are not in the volume yet, and a start would download them first."
    if needed not in known.scopes or known.when_asleep is WhenAsleep.REFUSE:
        return "It is refused with 403 “asleep”; nothing is lit. Start it first, or use a key that may wake."
    held = "waits" if known.when_asleep is WhenAsleep.HOLD else "is told with 503 when to ask again"
    return f"It wakes the server and {held}: {_price(status, actor)}."


def _while_coming(known: KnownKey, status: StatusView) -> str:
    eta = f" about {words.about_duration(status.eta_s)}" if status.eta_s else ""
    if known.when_asleep is WhenAsleep.HOLD:
        return f"It waits{eta} until the server is ready."
    return "It is told with 503 when to ask again; the server is on its way."


def _price(status: StatusView, actor: Actor) -> str:
    try:
        found = quote_for(status.slug, actor)
    except (Refused, LookupError):
        found = None
    if found is None:
        return "its price is not known"
    billed = ", which nobody is billed for" if found.is_sandbox else ""
    ready = words.about_duration(found.ready_p50_s)
    return f"about {ready} and {words.about_money(found.until_ready_usd)} until it is ready{billed}"
