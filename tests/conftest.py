"""What every test gets: a private data folder, no way to a running panel, and fast passwords."""

import gc
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from whitenoise.middleware import WhiteNoiseMiddleware

from deployments.ledger import public_prices
from deployments.models import Price
from tests import migrated, order

_connect = socket.socket.connect


def _connect_at_home(self: socket.socket, address: Any) -> None:
    """Only this machine may be reached: a test never talks to a real cloud."""
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise PermissionError(f"A test tried to reach {host}.")
    _connect(self, address)


_scan = WhiteNoiseMiddleware.add_files_from_finders
_scanned: dict[str, Any] = {}


def _scan_once(self: WhiteNoiseMiddleware) -> None:
    """Each client of a test builds the middleware anew; the files of the tree are looked up for the first."""
    if not _scanned:
        _scan(self)
        _scanned.update(self.files)
    self.files.update(_scanned)


def pytest_configure(config: pytest.Config) -> None:
    """Point the settings away from the developer's own panel before the first connection is made."""
    socket.socket.connect = _connect_at_home  # type: ignore[method-assign]
    # A database begins with the price list as it is checked at a release: a test begins on such a day.
    public_prices.CHECKED_ON = datetime.now(tz=UTC).date()
    folder = Path(tempfile.mkdtemp(prefix="pilotlight-test-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    if not hasattr(config, "workerinput"):
        migrated.begin_run(folder)
        config.add_cleanup(migrated.end_run)
    WhiteNoiseMiddleware.add_files_from_finders = _scan_once
    settings.PANEL_DATA_DIR = folder
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CELERY_BROKER_URL = "memory://"
    settings.REDIS_URL = f"unix://{folder}/no-broker.sock"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_ENVIRONMENT", "MODAL_SERVER_URL"):
        setattr(settings, name, "")
        os.environ.pop(name, None)
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        # A file, so that threads and child processes of a test share it as they do in life.
        database.setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the marks of the folders are set and pytest-randomly has shuffled."""
    items[:] = order.in_order(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not walk over it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """A database for this process, as pytest-django makes it; several processes copy one that is migrated."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite" and "PYTEST_XDIST_WORKER" in os.environ:
            with migrated.database_of_a_process(connection):
                Price.objects.update(checked_on=public_prices.CHECKED_ON)
                with django_db_blocker.block():
                    yield
            return
        made = setup_databases(verbosity=0, interactive=False)
        with django_db_blocker.block():
            yield
        teardown_databases(made, verbosity=0)
