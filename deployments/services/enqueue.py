"""Handing work to the workers. A lost message costs one period, never correctness."""

from functools import partial

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger(__name__)


CONTROL, DEPLOY = "control", "deploy"
# The next round sends it again: a busy pool must not gather copies.
EXPIRES_S = 30


def _send(name: str, queue: str, *args: object) -> None:
    try:
        current_app.send_task(name, args=args, queue=queue, retry=False, expires=EXPIRES_S)
    except Exception as error:  # the broker is away: the beat's next round finds the row
        log.warning("enqueue.failed", task=name, error=type(error).__name__)


def _after_commit(name: str, *args: object, queue: str = CONTROL) -> None:
    transaction.on_commit(partial(_send, name, queue, *args))


def reconcile_soon(deployment_id: int) -> None:
    """Reconcile this deployment as soon as the transaction is in."""
    _after_commit("deployments.tasks.reconcile", deployment_id)


def deploy_soon(deploy_id: int) -> None:
    """Carry out this deploy."""
    _after_commit("deployments.tasks.run_deploy", deploy_id, queue=DEPLOY)


def hop_soon(wake_id: int) -> None:
    """Send or carry on this wake."""
    _after_commit("deployments.tasks.hop_wake", wake_id, queue=DEPLOY)


def warm_up_soon(run_id: int) -> None:
    """Warm this run up."""
    _after_commit("deployments.tasks.warm_up", run_id, queue=DEPLOY)


def observe_soon(account_id: int) -> None:
    """Look at this account now."""
    _after_commit("deployments.tasks.observe", account_id)
