"""What every test gets: a private data folder, no way to a running panel, and fast passwords."""

import ipaddress
import os
import shutil
import socket
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from deployments.ledger import public_prices

_connect = socket.socket.connect


def _connect_at_home(self: socket.socket, address: Any) -> None:
    """Only this machine may be reached: a test never talks to a real cloud."""
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise PermissionError(f"A test tried to reach {host}.")
    _connect(self, address)


def pytest_configure(config: pytest.Config) -> None:
    """Point the settings away from the developer's own panel before the first connection is made."""
    socket.socket.connect = _connect_at_home  # type: ignore[method-assign]
    # A database begins with the price list as it is checked at a release: a test begins on such a day.
    public_prices.CHECKED_ON = datetime.now(tz=UTC).date()
    folder = Path(tempfile.mkdtemp(prefix="pilotlight-test-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
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
