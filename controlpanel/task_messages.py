"""What rides along with a message to a worker: when it was sent, and for which request.

The time tells how long the oldest message of a queue waits; the request's id stands in every line that the
task logs, so that one id leads from a click to what it did. A task that fails is kept for the one on call,
and the clock says that it lives.
"""

import time
from contextlib import suppress
from typing import Any

import structlog
from celery.signals import beat_init, before_task_publish, task_failure, task_postrun, task_prerun
from django.utils import timezone

SENT_AT, REQUEST_ID = "pilotlight_sent_at", "pilotlight_request_id"
_BEAT_SAYS_EVERY_S = 10.0
_beat: dict[str, float] = {}


@before_task_publish.connect
def _mark(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is None:
        return
    headers[SENT_AT] = time.time()
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        headers[REQUEST_ID] = str(request_id)
    _say_beat_lives()


@task_prerun.connect
def _bind(task_id: str = "", task: Any = None, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)
    request_id = task.request.get(REQUEST_ID) or (task.request.get("headers") or {}).get(REQUEST_ID)
    if request_id:
        structlog.contextvars.bind_contextvars(request_id=request_id)


@task_postrun.connect
def _unbind(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()


@task_failure.connect
def _keep(sender: Any = None, exception: BaseException | None = None, **_: Any) -> None:
    from deployments import public  # the apps are not loaded yet when this module is

    log = structlog.get_logger(__name__)
    log.error("task.failed", task=sender.name, error=type(exception).__name__, exc_info=exception)
    if exception is not None:
        public.keep_task_error(sender.name, exception)


@beat_init.connect
def _is_the_clock(**_: Any) -> None:
    _beat["said"] = 0.0


def _say_beat_lives() -> None:
    """In the clock's process alone, every few seconds; before the broker is asked, so that a clock whose
    broker is away is still seen to live."""
    if "said" not in _beat or time.monotonic() - _beat["said"] < _BEAT_SAYS_EVERY_S:
        return
    from deployments import public

    with suppress(Exception):  # a clock must not stop because the database is away
        public.beat_lives(timezone.now())
    _beat["said"] = time.monotonic()
