"""New secrets for an account, each so that a failure on the way leaves what works now.

Nothing of a secret is ever told: a rotation gives a sentence, and the record of actions another.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from deployments.models import Account, Deployment, Run
from deployments.planning.power import Actor
from deployments.providers.base import Provider, ProviderError, ProxyToken
from deployments.providers.registry import provider_for

from . import account_check, audit, observe, replaced, secrets
from .accounts import check_pair, found, refuse_managed
from .errors import Refused, bad_field


class Rotated(StrEnum):
    """What can be made anew."""

    TOKEN = "token"  # noqa: S105
    PROXY_TOKEN = "proxy_token"  # noqa: S105
    ENGINE_KEY = "engine_key"
    HUGGINGFACE_TOKEN = "huggingface_token"  # noqa: S105


WORDS = {
    Rotated.TOKEN: "API token",
    Rotated.PROXY_TOKEN: "proxy token",
    Rotated.ENGINE_KEY: "engine key",
    Rotated.HUGGINGFACE_TOKEN: "Hugging Face token",
}


def token(account_id: int, *, token_id: str, token_secret: str, actor: Actor) -> str:
    """Another API token. The provider is asked with it first; until it says yes, the one before stays.

    Raises Refused: managed; invalid; other_workspace; what `account_check.asked` raises.
    """
    account, now = found(account_id, actor), timezone.now()
    refuse_managed(account)
    token_id, token_secret = token_id.strip(), token_secret.strip()
    check_pair(token_id, token_secret)
    known = account.workspace or _workspace_of(account)
    account.token_id, account.token_secret = token_id, token_secret
    facts = account_check.asked(account)
    if known and facts.workspace != known:
        words = f"This token belongs to the workspace {facts.workspace}; the account looks after {known}."
        raise bad_field("token_id", f"{words} Add another account for it.")
    account_check.refuse_same_place(account, facts, now)
    values = {"token_id": token_id, "token_secret": token_secret, "token_changed_at": now}
    _keep(account, Rotated.TOKEN, actor, values | {"blind_since": None, "last_error": ""})
    account_check.note(account, facts, now)
    return "The provider takes the new token, and the panel uses it from now on. Revoke the one before there."


def _workspace_of(account: Account) -> str:
    """What the present token says; empty where it says nothing any more, as one that was revoked."""
    try:
        return account_check.asked(account).workspace
    except Refused:
        return ""


def make(account_id: int, *, actor: Actor) -> str:
    """The engine's key and the proxy token, where they are missing; both secrets written. Raises Refused."""
    account = found(account_id, actor)
    missing = [
        WORDS[kind]
        for kind, have in (
            (Rotated.PROXY_TOKEN, account.proxy_token_id),
            (Rotated.ENGINE_KEY, account.engine_key),
        )
        if not have
    ]
    try:
        secrets.ensure(account, provider_for(account))
    except ProviderError as error:
        raise _not_reached(account, error) from error
    if missing:
        made = f"{actor.name} had the {' and the '.join(missing)} of {account.name} made."
        audit.record(actor, "rotate", target=account.name, summary=made)
    return "The provider has them. Nothing was lit, and nothing is billed for them."


def engine_key(account_id: int, *, actor: Actor) -> str:
    """Another key between the gateway and the engines, while nothing of the account is lit or on its way: a
    container keeps the key that it was started with.

    The key is changed here first. Where writing it at the provider fails, it is written before the next
    server is lit (`secrets.write_if_due`). Raises Refused: in_use, blind.
    """
    account = found(account_id, actor)
    observe.observe(account.pk, force=True)
    with transaction.atomic():
        # A start takes this lock too: it comes before, and is seen here, or after, and finds what is due.
        list(Deployment.objects.select_for_update().filter(account=account).order_by("pk"))
        account = Account.objects.select_for_update().get(pk=account.pk)
        _refuse_lit(account)
        values = {"engine_key": secrets.new_engine_key(), "engine_key_changed_at": timezone.now()}
        _keep(account, Rotated.ENGINE_KEY, actor, values | {"secrets_version": F("secrets_version") + 1})
    return _written(account, "The provider has the new key; what is lit next is started with it.")


def _refuse_lit(account: Account) -> None:
    if account.blind_since is not None:
        words = f"{account.name} cannot be read, so the panel does not know whether something is lit there."
        raise Refused("blind", words, status=503)
    names = set(observe.moving(account).values_list("name", flat=True))
    lit = Run.objects.filter(account=account, ended_at__isnull=True)
    names |= set(lit.values_list("deployment__name", flat=True))
    if names:
        verb, it = ("is", "its container keeps") if len(names) == 1 else ("are", "their containers keep")
        words = f"{', '.join(sorted(names))} {verb} lit or on the way, and {it} the present key."
        raise Refused("in_use", f"{words} Wait until nothing is, or put it to sleep first.", status=409)


def huggingface_token(account_id: int, *, token: str, actor: Actor) -> str:
    """Another token for the weights; empty takes it away. What is lit keeps the one it was started with.

    It is kept here first, and written at the provider before the next server is lit at the latest.
    """
    account = found(account_id, actor)
    token = token.strip()
    if token and (len(token) > 200 or not token.isascii() or not token.isprintable() or " " in token):
        raise bad_field("huggingface_token", "Give the token alone; it begins with hf_.")
    if not token and not account.huggingface_token:
        raise bad_field("huggingface_token", "Give the token; it begins with hf_.")
    values: dict[str, Any] = {"huggingface_token": token, "huggingface_changed_at": timezone.now()}
    if token:
        _keep(
            account, Rotated.HUGGINGFACE_TOKEN, actor, values | {"secrets_version": F("secrets_version") + 1}
        )
        return _written(account, "The provider has the new token; the next download uses it.")
    try:  # nothing would write an empty one later: what is at the provider goes first
        provider_for(account).write_secrets({secrets.WEIGHTS_SECRET: {"HF_TOKEN": ""}})
    except ProviderError as error:
        raise _not_reached(account, error) from error
    _keep(account, Rotated.HUGGINGFACE_TOKEN, actor, values)
    return "It is gone here and at the provider. Public models need none."


def _written(account: Account, done: str) -> str:
    provider = provider_for(account)  # it knows the old secret too, and keeps it out of its errors
    account.refresh_from_db()
    try:
        secrets.write(account, provider)
    except ProviderError as error:
        later = "It is kept here, and written there before the next server is lit."
        return f"The provider does not have it yet: {error} {later}"
    return done


def proxy_token(account_id: int, *, actor: Actor, at_once: bool = False) -> str:
    """Another token that opens the web endpoints. The gateway uses it within two seconds; the one before
    works on until nothing can hold it any more (`retiring.go_round`), or with `at_once` ends now.

    The new one is used only when the provider lists it for the environment. Raises Refused: retiring, while
    the one before the present one is not revoked yet; not_listed; unreachable.
    """
    account, now = found(account_id, actor), timezone.now()
    if account.retired_proxy_token_id and not at_once:
        words = "The one before is not revoked yet: requests in flight may hold it. Try again later,"
        raise Refused("retiring", f"{words} or have it revoked at once.", status=409)
    provider, old, older = provider_for(account), account.proxy_token_id, account.retired_proxy_token_id
    try:
        if older:
            provider.revoke_proxy_token(older)
        made = provider.create_proxy_token()
        try:
            _use(account, provider, made, actor, now)
        except Exception:
            secrets.drop_unused(account, provider, made.token_id, replacing=older)
            raise
        if at_once:
            return _revoked_now(account, provider, old)
    except ProviderError as error:
        raise _not_reached(account, error) from error
    return "The gateway uses the new one now. The one before is revoked once no request in flight holds it."


def _use(account: Account, provider: Provider, made: ProxyToken, actor: Actor, now: datetime) -> None:
    """Make a token the account's. Raises Refused or ProviderError, and then it is not."""
    if not provider.proxy_token_holds(made.token_id):
        words = "The provider does not list the new token for this environment; the one before stays."
        raise Refused("not_listed", words, status=409)
    old = account.proxy_token_id
    values = {
        "proxy_token_id": made.token_id, "proxy_token_secret": made.token_secret, "retire_error": "",
        "retired_proxy_token_id": old, "proxy_token_retired_at": now if old else None,
        "proxy_token_changed_at": now,
    }  # fmt: skip
    if not _switch(account, old, values, actor):
        raise Refused("busy", "Somebody else changed it at the same moment.", status=409)


def _switch(account: Account, old: str, values: dict[str, Any], actor: Actor) -> bool:
    with transaction.atomic():
        replaced.remember(account.pk, values, timezone.now())
        rows = Account.objects.filter(pk=account.pk, proxy_token_id=old)
        if not rows.update(**values):
            return False
        _record(account, Rotated.PROXY_TOKEN, actor)
        return True


def _revoked_now(account: Account, provider: Provider, old: str) -> str:
    """Without a time of its retirement the next round tries again, whatever is in flight."""
    rows = Account.objects.filter(pk=account.pk)
    try:
        if old:
            provider.revoke_proxy_token(old)
    except ProviderError as error:
        rows.update(retire_error=error.message[:2000], proxy_token_retired_at=None)
        return f"The gateway uses the new one, but the one before is not revoked yet: {error}"
    rows.update(retired_proxy_token_id="", proxy_token_retired_at=None)
    return "The gateway uses the new one, and the one before opens nothing any more."


def _keep(account: Account, what: Rotated, actor: Actor, values: dict[str, Any]) -> None:
    with transaction.atomic():
        replaced.remember(account.pk, values, timezone.now())
        Account.objects.filter(pk=account.pk).update(**values)
        _record(account, what, actor)


def _record(account: Account, what: Rotated, actor: Actor) -> None:
    summary = f"{actor.name} changed the {WORDS[what]} of {account.name}."
    audit.record(actor, "rotate", target=account.name, summary=summary, details={"secret": what.value})


def _not_reached(account: Account, error: ProviderError) -> Refused:
    where = account.get_provider_display()
    words = f"{where} did not do it, so what worked before still does. It said: {error}"
    return Refused("provider_refused", words, status=422 if error.permanent else 503)
