"""Keys in the admin site."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from controlpanel.models import User
from deployments.public import ROLE_SCOPES, Actor, Role, Via
from gateway.keys import create_key
from gateway.models import ApiKey
from gateway.public import actor_for_key

Person = Callable[..., User]


@pytest.fixture
def admin_and_key(person: Person) -> tuple[Client, ApiKey, str]:
    admin = person("root", Role.ADMIN)
    actor = Actor(user_id=admin.pk, name="root", scopes=ROLE_SCOPES[Role.ADMIN], via=Via.PAGE)
    key, secret = create_key(actor=actor, owner=admin, name="laptop", scopes=["chat"])
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    return client, key, secret


@pytest.mark.parametrize("page", ["changelist", "change"])
def test_secret_and_hash_are_never_shown(admin_and_key: Any, page: str) -> None:
    client, key, secret = admin_and_key
    address = reverse(f"admin:gateway_apikey_{page}", args=[key.pk] if page == "change" else [])
    shown = client.get(address)
    assert shown.status_code == 200
    assert "laptop" in shown.text
    assert secret not in shown.text
    assert key.secret_hash not in shown.text


def test_chosen_keys_are_revoked(admin_and_key: Any) -> None:
    client, key, secret = admin_and_key
    client.post(
        reverse("admin:gateway_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]}
    )
    assert actor_for_key(secret, via=Via.API) is None


def test_keys_are_neither_made_nor_edited_nor_deleted_there(admin_and_key: Any) -> None:
    client, key, _ = admin_and_key
    assert client.get(reverse("admin:gateway_apikey_add")).status_code == 403
    assert (
        client.post(reverse("admin:gateway_apikey_change", args=[key.pk]), {"name": "x"}).status_code == 403
    )
    assert client.post(reverse("admin:gateway_apikey_delete", args=[key.pk])).status_code == 403
    assert ApiKey.objects.get().name == "laptop"


def test_usage_is_listed(admin_and_key: Any) -> None:
    client, _, _ = admin_and_key
    assert client.get(reverse("admin:gateway_usagerecord_changelist")).status_code == 200
