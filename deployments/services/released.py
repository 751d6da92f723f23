"""Asking the database from an answer that lasts, without holding a connection in between."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

T = TypeVar("T")


def released(ask: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """`ask` for an event loop: it runs in a thread, and its connection is given back afterwards."""

    def asking(*args: Any) -> T:
        try:
            return ask(*args)
        finally:
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()

    return sync_to_async(asking)
