"""After the command the first key alone opens everything."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from deployments.models import Account, Action, NotificationChannel
from deployments.services import encryption

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Callable[..., str]:
    def call(*words: str) -> str:
        out = StringIO()
        call_command("rotate_encryption", *words, stdout=out)
        return out.getvalue()

    return call


def test_the_old_key_is_not_needed_any_more(settings: Any, run: Callable[..., str]) -> None:
    for name in ("one", "two"):
        Account.objects.create(name=name, token_secret=f"as-{name}", engine_key="sk-ü")
    NotificationChannel.objects.create(name="Pager", kind="slack", target="https://x", shown="x")
    new = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]
    Account.objects.filter(name="two").update(token_secret="as-two", engine_key="sk-ü")
    assert "accounts: 1 rows need an older key" in run("--check")
    said = run()
    assert "accounts: 1 rows written" in said
    assert "notification channels: 1 rows written" in said
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert [(a.token_secret, a.engine_key) for a in Account.objects.all()] == [
        ("as-one", "sk-ü"),
        ("as-two", "sk-ü"),
    ]
    assert NotificationChannel.objects.get().target == "https://x"
    assert Action.objects.get(verb="rotate").summary.startswith("2 encrypted rows")
    assert sum(table.rows for table in encryption.rotate()) == 0


def test_a_row_that_no_key_opens_is_named_and_nothing_is_lost(settings: Any, run: Callable[..., str]) -> None:
    Account.objects.create(name="one", token_secret="as-one")
    old, settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match=r"Account\.token_secret cannot be decrypted"):
        run()
    settings.FIELD_ENCRYPTION_KEYS = old
    assert Account.objects.get().token_secret == "as-one"
