"""The Celery app and the whole beat schedule."""

import os
import warnings
from contextlib import suppress
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import beat_init, setup_logging

from . import task_messages  # noqa: F401 (its receivers)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlpanel.settings")

# In a container everything runs as root. The warning is about pickled messages, and ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
# What happens to running tasks when the broker goes away is chosen below.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)

CONTROL, DEPLOY = "control", "deploy"
VISIBILITY_TIMEOUT_S = 60

app = Celery("pilotlight")


def every(task: str, seconds: float, queue: str = CONTROL) -> dict[str, Any]:
    """A beat entry; a message that waited longer than one period is dropped, so that no backlog piles up."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": max(seconds, 5.0)}}


BEAT_SCHEDULE = {
    "reconcile": every("deployments.tasks.reconcile_all", 5.0),
    "observe": every("deployments.tasks.observe_all", 2.0),
    "heartbeat": every("deployments.tasks.heartbeat", 10.0),
    "heartbeat of deploys": every("deployments.tasks.heartbeat_of_deploys", 10.0, DEPLOY),
    "settle": every("deployments.tasks.settle", 30.0),
    "judge starts": every("deployments.tasks.judge_starts", 15.0),
    "budgets": every("deployments.tasks.budgets", 5.0),
    "schedules": every("deployments.tasks.schedules", 5.0),
    "dead-man message": every("deployments.tasks.deadman", 120.0),
    "prices": every("deployments.tasks.refresh_prices", 20.0),
    "bills": every("deployments.tasks.bills", 60.0),
    "revoke tokens": every("deployments.tasks.revoke_tokens", 30.0),
    "deliver": every("deployments.tasks.deliver", 5.0),
    "metrics": every("deployments.tasks.roll_up", 10.0),
    "judge": every("deployments.tasks.judge", 5.0),
    "prune": every("deployments.tasks.prune", 3600.0),
    "prune lines": every("deployments.tasks.prune_lines", 300.0),
    "prune_tokens": every("gateway.tasks.prune_tokens", 3600.0),
    "take over replies": every("chat.tasks.take_over", 10.0),
    "forget": every("controlpanel.tasks.forget", 3600.0),
}

# What people and probes look at first is told when the clock begins, not only a period later.
AT_ONCE = ("heartbeat", "heartbeat of deploys", "prices")

app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    event_serializer="json",
    accept_content=["json"],
    result_accept_content=["json"],
    task_ignore_result=True,
    # A message is acknowledged when its task has ended: the death of a worker gives it to another one.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # The message of a dead worker comes back within visibility_timeout seconds. So does that of a task which
    # takes longer (a deploy, a wake): the second delivery finds the row claimed and ends at once.
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT_S,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    broker_connection_retry_on_startup=True,
    task_default_queue=CONTROL,
    task_create_missing_queues=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    enable_utc=True,
    timezone="UTC",
    beat_schedule=BEAT_SCHEDULE,
    beat_max_loop_interval=5,
)
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery leaves logging alone where this signal has a receiver; Django's LOGGING stays."""


@beat_init.connect
def tell_at_once(**_: Any) -> None:
    """Ask the workers for what is in AT_ONCE, once."""
    for name in AT_ONCE:
        entry = BEAT_SCHEDULE[name]
        with suppress(Exception):  # a broker that is away gets them with the next period
            app.send_task(entry["task"], retry=False, **entry["options"])
