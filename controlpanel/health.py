"""`/healthz` says that this process answers; `/readyz` says whether the panel can do its work."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deployments import public

# Workers write a heartbeat every 10 s; three missed ones are a failure.
HEARTBEAT_LIMIT_S = 30.0
BROKER_TIMEOUT_S = 2.0


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 where every part is ok, else 503; each part is named with what is wrong."""
    parts = {name: _result(check) for name, check in CHECKS.items()}
    ready = all(part == "ok" for part in parts.values())
    status = "ok" if ready else "failed"
    return JsonResponse({"status": status, "parts": parts}, status=200 if ready else 503)


def _result(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # a readiness answer never fails itself; the kind is said, not the address
        return f"failed: {type(error).__name__}"


def database() -> str:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def broker() -> str:
    """One ping."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
    )
    try:
        client.ping()
    finally:
        client.close()
    return "ok"


def worker() -> str:
    """How long ago a worker wrote its heartbeat."""
    age_s = public.worker_heartbeat_age_s()
    if age_s is None:
        return "failed: no worker has reported yet"
    return "ok" if age_s <= HEARTBEAT_LIMIT_S else f"failed: no worker has reported for {age_s:.0f} s"


CHECKS: dict[str, Callable[[], str]] = {"database": database, "broker": broker, "worker": worker}
