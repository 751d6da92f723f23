"""Secrets are planted wherever one is held; then everything that the product shows and writes is read."""

import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Any

import pytest
import structlog
from asgiref.sync import async_to_sync
from cryptography.fernet import Fernet
from django.conf import settings as configured
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from modal import exception

from controlpanel.roles import give_role
from deployments import public
from deployments.models import Account, Deployment, LogSource, NotificationChannel
from deployments.planning.power import SYSTEM, Role, Scope
from deployments.providers.base import Credentials
from deployments.providers.modal_cloud import account as modal_account
from deployments.providers.modal_cloud import sdk
from deployments.providers.registry import credentials_of, provider_for
from deployments.services import account_views, taking
from deployments.services.accounts import AccountWish
from gateway.keys import create_key

from .table import rows
from .world import World, browser

pytestmark = pytest.mark.django_db
# No pattern knows these: whatever hides them has to know that they are secret.
ACCOUNT = {
    name: f"canary{name.replace('_', '')}7Qx"
    for name in ("token_secret", "engine_key", "proxy_token_secret", "huggingface_token")
}
SETTINGS = {
    name: f"canary{name.replace('_', '').lower()}7Qx"
    for name in ("SECRET_KEY", "MODAL_TOKEN_SECRET", "EMAIL_HOST_PASSWORD")
}
REDIS, DATABASE, SLACK, SIGNING = (f"canary{name}7Qx" for name in ("redis", "database", "slack", "signing"))
TYPED = "canarytyped7Qx"


class Reader:
    """What was read so far, and which canaries stood in it."""

    def __init__(self, canaries: list[str]) -> None:
        self._canaries = canaries
        self.found: list[str] = []
        self.read = 0

    def see(self, where: str, what: Any) -> None:
        """Look for every canary in a text, or in an answer however it is packed."""
        text = what if isinstance(what, str) else _text(what)
        self.read += len(text)
        self.found += [f"{canary} in {where}" for canary in self._canaries if canary in text]


def _body(response: Any) -> bytes:
    """All of it; of one that goes on without end (a log that is followed) the first lines."""
    if not response.streaming:
        return bytes(response.content)
    if not response.is_async:
        return b"".join(response.streaming_content)
    return async_to_sync(_first)(response.streaming_content)


async def _first(parts: AsyncIterator[bytes]) -> bytes:
    return await anext(parts) + await anext(parts, b"")


def _text(response: Any) -> str:
    body = _body(response)
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"\n".join(packed.read(name) for name in packed.namelist())
    return f"{dict(response.headers)}{body.decode()}"


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Every line that is logged meanwhile, formatted as in life."""
    formatter = configured.LOGGING["formatters"]["line"]
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def planted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Reader]:
    """The world with a canary in every place that holds a secret."""
    key = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [key, *settings.FIELD_ENCRYPTION_KEYS]
    settings.REDIS_URL = f"redis://:{REDIS}@localhost:6379/0"
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    if connection.vendor == "sqlite":  # which asks for none
        monkeypatch.setitem(configured.DATABASES["default"], "PASSWORD", DATABASE)
    world = World()
    Account.objects.update(**ACCOUNT, proxy_token_id="wk-1")
    NotificationChannel.objects.create(
        name="Team", kind="slack", target=f"https://hooks.example/{SLACK}", shown="https://hooks.example/…"
    )
    NotificationChannel.objects.create(
        name="Pager", kind="webhook", target="https://pager.example/", shown="pager.example", secret=SIGNING
    )
    _, api_key = create_key(actor=SYSTEM, owner=world.ben, name="canary", scopes=["read"])
    for deployment in Deployment.objects.select_related("account"):
        taking.keep_own(
            deployment,
            f"args: {ACCOUNT}",
            at=timezone.now(),
            source=LogSource.BUILD,
            release_id=None,
            key="c",
        )
    canaries = [*ACCOUNT.values(), *SETTINGS.values(), REDIS, DATABASE, SLACK, SIGNING, TYPED, key, api_key]
    return world, Reader(canaries)


def test_no_secret_is_shown_or_written_anywhere(
    planted: tuple[World, Reader], log_lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, reader = planted
    client = browser(Role.ADMIN)
    _every_address(world, client, reader)
    _admin_site(client, reader)
    _commands(reader)
    _errors_that_echo(client, reader, monkeypatch)
    _words_of_objects(reader)
    _tables(reader)
    reader.see("the log", log_lines.getvalue())
    assert reader.found == []
    assert reader.read > 1_000_000
    assert "Token validation failed" in Account.objects.get().check_error


def _every_address(world: World, client: Client, reader: Reader) -> None:
    give_role(world.ben, Role.ADMIN)
    _, secret = create_key(actor=SYSTEM, owner=world.ben, name="all", scopes=list(Scope))
    for row in rows():
        if row.method != "GET" or "stream" in row.route:
            continue
        if row.route.startswith("/api/"):
            reader.see(row.said, world.ask(Client(), row, Authorization=f"Bearer {secret}"))
        else:
            reader.see(row.said, world.ask(client, row))


def _admin_site(client: Client, reader: Reader) -> None:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        reader.see(name, client.get(reverse(f"{name}_changelist")))
        one = model._default_manager.order_by("pk").first()
        if one is not None:
            reader.see(f"{name} {one.pk}", client.get(reverse(f"{name}_change", args=[one.pk])))


def _commands(reader: Reader) -> None:
    for words in (["export_spec", "asleep"], ["export_config", "asleep"], ["rotate_encryption"]):
        out = io.StringIO()
        call_command(*words, stdout=out)
        reader.see(words[0], out.getvalue())


def _errors_that_echo(client: Client, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that says in its error what it was given: on pages, over REST, and in what is kept of it."""

    async def refused(*given: Any) -> Any:
        (used,) = (one for one in given if isinstance(one, Credentials))
        known = {**ACCOUNT, "token_secret": ""} if used.proxy_token_id else {}
        raise exception.AuthError(f"Token validation failed: {asdict(used)} {known} {given}")

    monkeypatch.setattr(sdk, "client_of", lambda credentials: credentials)
    for name in ("facts", "write_secret", "missing_secrets", "new_proxy_token"):
        monkeypatch.setattr(modal_account, name, refused)
    number = Account.objects.get().pk
    page, rest = f"/settings/accounts/{number}/", f"/api/v1/accounts/{number}/"
    pair = {"token_id": "ak-1", "token_secret": TYPED}
    sent: list[tuple[str, dict[str, str]]] = [
        (f"{page}check/", {}),
        (f"{page}rotate/token/", pair),
        (f"{page}rotate/proxy_token/", {}),
        ("/settings/accounts/new/", pair | {"step": "token", "name": "Ours", "environment": "main"}),
        (f"/settings/accounts/new/?account={number}", {"step": "keys"}),
    ]
    for path, data in sent:
        reader.see(path, client.post(path, data, follow=True))
    for what, body in (
        ("check", {}),
        ("rotate", {"secret": "token", **pair}),
        ("rotate", {"secret": "huggingface_token", "huggingface_token": TYPED}),  # the last: it is kept
    ):
        reader.see(f"{rest}{what}", client.post(f"{rest}{what}", json.dumps(body), "application/json"))


def _words_of_objects(reader: Reader) -> None:
    account = Account.objects.get()
    objects = [account, credentials_of(account), provider_for(account), account_views.view(account)]
    objects += [AccountWish("a", "main", "ak", TYPED), public.routes(), *NotificationChannel.objects.all()]
    reader.see("a repr", f"{objects!r}")


def _tables(reader: Reader) -> None:
    """Every row of every table, as it lies there."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            reader.see(f"the table {table}", repr(cursor.fetchall()))
