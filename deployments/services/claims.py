"""A short claim on a row: renewed before each call that leaves the process, given back by its holder only."""

import hashlib
import os
import socket
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from django.db.models import Model, Q
from django.utils import timezone

from deployments.providers.base import Provider

# Longer than the longest single call of a provider but a deploy and the two wake calls (28 s).
LENGTH = timedelta(seconds=45)


# A claim that runs longer than LENGTH and this was written before the clock was moved back.
_STEP = timedelta(seconds=5)


class LostClaim(Exception):
    """Another process holds the row now: whoever lost it stops at once."""


class Claim:
    """A claim on one row, in the columns `<name>_claim` and `<name>_claimed_until`."""

    def __init__(self, model: type[Model], pk: int, name: str) -> None:
        self._rows = model._default_manager.filter(pk=pk)
        self._token_field, self._until_field = f"{name}_claim", f"{name}_claimed_until"
        self._token = f"{_place()}-{os.getpid()}-{uuid.uuid4().hex[:16]}"

    def take(self) -> bool:
        """Claim the row; False where somebody has it."""
        now = timezone.now()
        free = Q(**{f"{self._until_field}__isnull": True}) | Q(**{f"{self._until_field}__lt": now})
        free |= Q(**{f"{self._until_field}__gt": now + LENGTH + _STEP})
        if self._rows.filter(free).update(**self._values(self._token)):
            return True
        holder = self._rows.values_list(self._token_field, flat=True).first()
        if not holder or not _is_dead(holder):
            return False
        return self._rows.filter(**{self._token_field: holder}).update(**self._values(self._token)) == 1

    def renew(self) -> None:
        """Hold it a full length from now on. Raises LostClaim where another process took it."""
        if not self._rows.filter(**{self._token_field: self._token}).update(**self._values(self._token)):
            raise LostClaim

    def release(self) -> None:
        """Give it back, if it is still ours."""
        self._rows.filter(**{self._token_field: self._token}).update(
            **{self._token_field: "", self._until_field: None}
        )

    def _values(self, token: str) -> dict[str, Any]:
        return {self._token_field: token, self._until_field: timezone.now() + LENGTH}


@cache
def _place() -> str:
    """Where process ids mean the same: this boot of this machine and, where there are such, this container.
    Names alone do not tell: copies of a machine have one."""
    return hashlib.blake2s(
        f"{socket.gethostname()} {_boot()} {_namespace()}".encode(), digest_size=4
    ).hexdigest()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _is_dead(token: str) -> bool:
    """True where the claim is of a process of this place that is gone: a killed worker must not keep what
    burns from being put out for the whole length of its claim."""
    place, _, rest = token.partition("-")
    number = rest.partition("-")[0]
    if place != _place() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


class _Guarded:
    """A provider whose every call renews the claim first."""

    def __init__(self, provider: Provider, claim: Claim) -> None:
        self._provider, self._claim = provider, claim

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._provider, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._claim.renew()
            return method(*args, **kwargs)

        return call


def guarded(provider: Provider, claim: Claim) -> Provider:
    """`provider`, renewing `claim` before each call, so that no sum of slow calls outlasts it."""
    return cast(Provider, _Guarded(provider, claim))
