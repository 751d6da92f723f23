"""Accounts at providers, for admins: adding, changing, checking and taking away."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from deployments.models import Account, Deployment
from deployments.planning.power import Actor, Scope
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from . import account_check, audit
from .errors import Refused, bad_field, not_allowed, not_found
from .releases import is_left

# What was seen at one environment says nothing of another.
_UNSEEN: dict[str, Any] = {
    "seen_at": None, "blind_since": None, "last_error": "", "tried_at": None, "apps_checked_at": None,
    "bills_until": None, "prices_tried_at": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountWish:
    """An account to add. The secret is in no repr."""

    name: str
    environment: str
    token_id: str
    token_secret: str

    def __repr__(self) -> str:
        return f"AccountWish({self.name!r}, {self.environment!r})"


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What to change; None stays as it is. `typed_budget_usd` 0 takes the typed budget away."""

    name: str | None = None
    environment: str | None = None
    region_factor: Decimal | None = None
    typed_budget_usd: Decimal | None = None
    typed_budget_source: str | None = None


def managed(account: Account) -> bool:
    """True where the panel's own start decides its credentials and environment, so that no page may."""
    by_variables = bool(settings.MODAL_TOKEN_ID or settings.MODAL_SERVER_URL)
    return account.is_sandbox or (account.from_environment and by_variables)


def found(account_id: int, actor: Actor) -> Account:
    """The account. Raises Refused: not_allowed for whoever is no admin of everything, not_found."""
    may(actor)
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise not_found("This account")
    return account


def may(actor: Actor) -> None:
    """Raise Refused for whoever is no admin of everything."""
    if not actor.may(Scope.ADMIN) or actor.deployments is not None:
        raise not_allowed("Accounts need an admin.")


def refuse_managed(account: Account) -> None:
    """Raise Refused where the panel's start would undo the change."""
    if account.is_sandbox:
        words = "The panel makes the sandbox's token and address anew at each start: nothing to change here."
        raise Refused("managed", words, status=409)
    if managed(account):
        words = (
            "MODAL_TOKEN_ID, MODAL_TOKEN_SECRET and MODAL_ENVIRONMENT decide this at each start of the panel:"
        )
        raise Refused("managed", f"{words} change them there and start it again.", status=409)


def add(wish: AccountWish, *, actor: Actor, now: datetime | None = None) -> Account:
    """A new account, once the provider has taken its token. Nothing is deployed by this.

    Raises Refused: not_allowed, invalid naming the fields, and what `account_check.asked` and
    `refuse_same_place` raise. Nothing is saved then.
    """
    may(actor)
    now = now or timezone.now()
    account = Account(
        name=wish.name.strip(), environment=wish.environment.strip(), token_id=wish.token_id.strip(),
        token_secret=wish.token_secret.strip(), server_url=settings.MODAL_SERVER_URL, token_changed_at=now,
    )  # fmt: skip
    check_pair(account.token_id, account.token_secret)
    _valid(account)
    facts = account_check.asked(account)
    account_check.refuse_same_place(account, facts, now)
    account.workspace = facts.workspace
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            words = f"{actor.name} added the account {account.name}: environment {account.environment}"
            audit.record(actor, "account", target=account.name, summary=f"{words} of {facts.workspace}.")
    except IntegrityError:
        raise bad_field("name", "Somebody added this account at the same moment.") from None
    account_check.note(account, facts, now)
    account.refresh_from_db()
    return account


def check_pair(token_id: str, token_secret: str) -> None:
    """Raise Refused where these cannot be a token pair of a workspace, with what they look like."""
    if not token_id:
        raise bad_field("token_id", "Give the id of the token.")
    if not token_secret:
        raise bad_field("token_secret", "Give the secret of the token.")
    if token_id.startswith("as-") or token_secret.startswith("ak-"):
        raise bad_field("token_id", "These are swapped: the id begins with ak-, the secret with as-.")
    if token_id.startswith("wk-") or token_secret.startswith("ws-"):
        raise bad_field("token_id", "A proxy token opens web endpoints only: make an API token (ak-, as-).")


def _valid(account: Account) -> None:
    try:
        account.full_clean(exclude=["workspace"], validate_constraints=False)
    except ValidationError as error:
        bad = {key: " ".join(words) for key, words in error.message_dict.items()}
        raise Refused("invalid", next(iter(bad.values())), status=422, fields=bad) from error


def change(account_id: int, wish: AccountChange, *, actor: Actor, now: datetime | None = None) -> Account:
    """Change what is given. Another environment is asked for first, and only while nothing is left in the
    one before. Raises Refused."""
    account, now = found(account_id, actor), now or timezone.now()
    new = _differing(account, wish, now)
    if not new:
        return account
    before = {name: getattr(account, name) for name in new}
    for name, value in new.items():
        setattr(account, name, value)
    _valid(account)
    changes = audit.changed(before, new)
    if "environment" in new:
        new |= _moved(account, now)
    with transaction.atomic():
        if "environment" in new:  # it was asked for without a lock
            list(Deployment.objects.select_for_update().filter(account=account).order_by("pk"))
            _refuse_left(account)
        Account.objects.filter(pk=account.pk).update(**new)
        said = ", ".join(name.replace("_", " ") for name in _said(wish, new))
        audit.record(
            actor, "account", target=account.name,
            summary=f"{actor.name} changed {said} of the account {account.name}.",
            details=changes,
        )  # fmt: skip
    account.refresh_from_db()
    return account


def _differing(account: Account, wish: AccountChange, now: datetime) -> dict[str, Any]:
    names = ("name", "environment", "typed_budget_source")
    texts: dict[str, str | None] = {name: getattr(wish, name) for name in names}
    asked: dict[str, Any] = {name: text.strip() for name, text in texts.items() if text is not None}
    if wish.region_factor is not None:
        asked["region_factor"] = wish.region_factor
    if wish.typed_budget_usd is not None:
        asked["typed_budget_usd"] = wish.typed_budget_usd or None
    new = {name: value for name, value in asked.items() if value != getattr(account, name)}
    if "typed_budget_usd" in new:
        new["typed_budget_on"] = now.date() if new["typed_budget_usd"] else None
    return new


def _said(wish: AccountChange, new: dict[str, Any]) -> list[str]:
    asked = (one.name for one in fields(wish) if getattr(wish, one.name) is not None)
    return [name for name in asked if name in new]


def _moved(account: Account, now: datetime) -> dict[str, Any]:
    """What changes with the environment: its secrets are made and written anew, and nothing was seen yet."""
    refuse_managed(account)
    _refuse_left(account)
    if account.retired_proxy_token_id:
        raise Refused(
            "retiring", "An earlier proxy token is still being revoked: try again soon.", status=409
        )
    facts = account_check.asked(account)
    account_check.refuse_same_place(account, facts, now)
    changes = _UNSEEN | {"workspace": facts.workspace, "checked_at": now, "check_error": ""}
    changes |= {"secrets_version": F("secrets_version") + 1}
    if account.proxy_token_id:  # it opens the old environment
        changes |= {
            "retired_proxy_token_id": account.proxy_token_id, "proxy_token_retired_at": now,
            "proxy_token_id": "", "proxy_token_secret": "", "proxy_token_changed_at": None,
        }  # fmt: skip
    return changes


def _refuse_left(account: Account) -> None:
    if names := left_at(account):
        words = f"{', '.join(names)} is still there. Turn it off first, and wait until it is out."
        raise Refused("in_use", words, status=409, fields={"environment": words})


def left_at(account: Account) -> list[str]:
    """The names of the account's deployments of which anything is, or could come, at the provider."""
    rows = Deployment.objects.filter(account=account, archived_at__isnull=True)
    return [one.name for one in rows if is_left(one)]


def check(account_id: int, *, actor: Actor, now: datetime | None = None) -> Account:
    """Ask the provider now. Free. What it said is on the row; Refused where it said no."""
    account = found(account_id, actor)
    account_check.check(account, now or timezone.now())
    return account


def why_kept(account: Account) -> str:
    """Why the account cannot be removed; empty where it can."""
    if account.is_sandbox or managed(account):
        return "The panel makes this account at each start."
    names = list(account.deployments.values_list("name", flat=True)[:4])
    if names:
        one = len(names) == 1
        verb, them = ("belongs", "it") if one else ("belong", "them")
        return f"{', '.join(names)} {verb} to it: move {them} to another account first."
    if account.runs.exists() or account.orphans.exists():
        return "Runs or apps of it are in the books, and what was spent there has to stay explained."
    return ""


def remove(account_id: int, *, actor: Actor) -> str:
    """Take the account away and revoke its proxy tokens; gives why a token could not be revoked, or "".

    Raises Refused 409 in_use where anything belongs to it.
    """
    account = found(account_id, actor)
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account.pk)
        if why := why_kept(account):
            raise Refused("in_use", why, status=409)
        tokens = [account.proxy_token_id, account.retired_proxy_token_id]
        provider = provider_for(account)
        Account.objects.filter(pk=account.pk).delete()
        audit.record(
            actor, "account", target=account.name, summary=f"{actor.name} removed the account {account.name}."
        )
    try:
        for token_id in filter(None, tokens):
            provider.revoke_proxy_token(token_id)
    except ProviderError as error:
        return error.message
    return ""
