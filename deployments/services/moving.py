"""A deployment goes to another account, while nothing of it is anywhere."""

from django.db import transaction

from deployments.models import Account, Deployment
from deployments.planning.power import Actor, Scope

from . import audit
from .errors import Refused, not_allowed
from .locking import locked
from .releases import checked_spec, is_left, refuse_taken_app_name


def move(deployment: Deployment, account: Account, *, actor: Actor) -> Deployment:
    """From now on it is deployed at `account`. Its runs stay in the books of the account before.

    Raises Refused: not_allowed; not_off 409; invalid where an app of its name is deployed from there.
    """
    if not actor.may(Scope.ADMIN, deployment.slug) or actor.deployments is not None:
        raise not_allowed("Moving a deployment needs an admin.")
    with transaction.atomic():
        deployment = locked(deployment.pk)
        if deployment.account_id == account.pk:
            return deployment
        if is_left(deployment):
            raise Refused(
                "not_off", f"Turn {deployment.name} off first, and wait until it is out.", status=409
            )
        Account.objects.select_for_update().only("pk").get(pk=account.pk)
        for config in (deployment.config, deployment.current_release and deployment.current_release.spec):
            if config:
                refuse_taken_app_name(account, checked_spec(config))
        relocate(deployment, account)
        words = f"{actor.name} moved {deployment.name} from {deployment.account.name} to {account.name}."
        changes = {"account": {"before": deployment.account.name, "after": account.name}}
        audit.record(actor, "move", deployment=deployment, summary=words, details=changes)
        return locked(deployment.pk)


def relocate(deployment: Deployment, account: Account) -> None:
    """Write the account, and forget what was seen at the one before and what was to return there."""
    Deployment.objects.filter(pk=deployment.pk).update(
        account=account, weights_present=None, weights_checked_at=None, observed_at=None, log_cursor=None,
        log_app_id="", log_read_until=None, app_checked_at=None, live_release=None, endpoint_url="",
        restoring=None,
    )  # fmt: skip
