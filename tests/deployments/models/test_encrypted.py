"""Secrets at rest: unreadable in the table, readable through a rotation, never in words."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from deployments.models import Account


def stored(account):
    with connection.cursor() as cursor:
        cursor.execute("SELECT token_secret, engine_key FROM deployments_account WHERE id = %s", [account.pk])
        return cursor.fetchone()


def test_the_table_holds_no_plain_secret(account):
    secret, empty = stored(account)
    assert "as-secret-1" not in secret
    assert empty == ""
    assert Account.objects.get(pk=account.pk).token_secret == "as-secret-1"


def test_an_update_encrypts_too(account):
    Account.objects.filter(pk=account.pk).update(engine_key="sk-ünïcode")
    assert "sk-" not in stored(account)[1]
    assert Account.objects.get(pk=account.pk).engine_key == "sk-ünïcode"


def test_the_same_secret_is_stored_differently_each_time(account):
    before = stored(account)[0]
    account.save(update_fields=["token_secret"])
    assert stored(account)[0] != before


def test_keys_are_rotated_by_putting_the_new_one_first(account, settings):
    old = list(settings.FIELD_ENCRYPTION_KEYS)
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *old]
    row = Account.objects.get(pk=account.pk)
    assert row.token_secret == "as-secret-1"
    row.save(update_fields=["token_secret"])
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert Account.objects.get(pk=account.pk).token_secret == "as-secret-1"


def test_a_lost_key_is_named_and_the_secret_is_not(account, settings):
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured) as caught:
        Account.objects.get(pk=account.pk)
    assert "FIELD_ENCRYPTION_KEYS" in str(caught.value)
    assert "Account.token_secret" in str(caught.value)
    assert "gAAAA" not in str(caught.value)


def test_no_key_at_all_is_named(account, settings):
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="FIELD_ENCRYPTION_KEYS"):
        Account.objects.get(pk=account.pk)


def test_no_words_about_an_account_carry_a_secret(account):
    account.engine_key = account.huggingface_token = account.proxy_token_secret = "hunter2"
    for words in (repr(account), str(account), f"{account.__dict__.keys()}"):
        assert "as-secret-1" not in words
        assert "hunter2" not in words
