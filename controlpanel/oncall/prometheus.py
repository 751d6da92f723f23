"""`/metrics` for Prometheus, behind a token of its own. Off without one.

Every figure comes from rows and the broker, never from this process's memory, so any web process answers the
same. Counted once in a few seconds, however many ask.
"""

import hmac
import time
from threading import Lock

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from .collecting import registry

KEPT_S = 5.0
_lock = Lock()
_kept: list[tuple[float, bytes]] = []


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The text format. 404 while no token is set, 401 without the right one. Wakes nothing."""
    token = settings.PROMETHEUS_TOKEN
    if not token:
        raise Http404
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not same:
        return HttpResponse(
            "Send `Authorization: Bearer` and the token of PROMETHEUS_TOKEN.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return HttpResponse(_text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _text() -> bytes:
    """Of several that ask at once, one counts and the others wait for it."""
    with _lock:
        if not _kept or time.monotonic() - _kept[0][0] > KEPT_S:
            text = generate_latest(registry(timezone.now()))
            _kept[:] = [(time.monotonic(), text)]
        return _kept[0][1]


def forget() -> None:
    """Count anew at the next question."""
    _kept.clear()
