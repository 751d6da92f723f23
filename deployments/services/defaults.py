"""The first account and the built-in deployment."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from deployments.models import Account, Deployment
from deployments.planning.power import SYSTEM
from deployments.planning.presets import PRESETS

from . import audit
from .moving import relocate
from .releases import is_left

BUILT_IN = {"glm-5-2-fp8": "GLM-5.2 FP8"}
SANDBOX, FIRST = "Sandbox", "Modal"


def ensure_defaults(
    *,
    token_id: str,
    token_secret: str,
    environment: str = "main",
    server_url: str = "",
    is_sandbox: bool,
    speed: Decimal = Decimal(1),
) -> None:
    """Make or refresh the account of the panel's environment, and the built-in deployments. Idempotent.

    A sandbox gets new ports and tokens at a start; what people configured stays. The tokens of a real
    account come from the environment each time, so that a rotated one is taken over.
    """
    with transaction.atomic():
        account = _account(is_sandbox)
        place = {"server_url": server_url, "environment": environment}
        if any(getattr(account, name) != value for name, value in (place | {"token_id": token_id}).items()):
            place["workspace"] = ""  # whose it is has to be asked again
        changed = {"token_secret": token_secret, "token_changed_at": timezone.now()}
        Account.objects.filter(pk=account.pk).update(
            is_sandbox=is_sandbox,
            from_environment=True,
            speed=speed,
            token_id=token_id,
            **place,
            **(changed if account.token_secret != token_secret else {}),
        )
        account.refresh_from_db()
        for slug, name in BUILT_IN.items():
            _ensure_deployment(account, slug, name)


def _account(is_sandbox: bool) -> Account:
    """The one that the panel's start made before, whatever it is called now; else one of the usual name, but
    for one that somebody connected by hand: its credentials are theirs."""
    made = Account.objects.filter(from_environment=True, is_sandbox=is_sandbox).order_by("pk").first()
    if made is not None:
        return made
    name = SANDBOX if is_sandbox else FIRST
    there = Account.objects.filter(name=name).first()
    if there is not None and there.token_changed_at is None:
        return there
    return Account.objects.create(name=name if there is None else f"{name}, of the panel's start")


def _ensure_deployment(account: Account, slug: str, name: str) -> None:
    deployment, created = Deployment.objects.get_or_create(
        slug=slug, defaults={"name": name, "account": account, "config": PRESETS[slug].to_json()}
    )
    before = deployment.account
    if before.pk != account.pk and (before.from_environment or before.is_sandbox):
        _move(deployment, account)  # where somebody moved it to an account of their own, it stays
    if created:
        audit.record(SYSTEM, "create", summary=f"The panel made the built-in deployment {name}.", target=slug)


def _move(deployment: Deployment, account: Account) -> None:
    """The panel was started with another cloud: what is out goes along, what is deployed stays."""
    if is_left(deployment):
        return
    relocate(deployment, account)
    audit.record(
        SYSTEM,
        "move",
        deployment=deployment,
        summary=f"{deployment.name} is now at {account.name}: the panel was started with it.",
    )
