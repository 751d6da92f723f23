"""The audit record for a spreadsheet: the same rows as the page, by the same filter."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Action
from deployments.planning.power import Actor, Scope
from deployments.services import audited
from deployments.services.audited import Difference

from .access import PageRequest, needs
from .activity import read
from .cost_csv import safe
from .run_csv import download, table

_HEAD = ("at", "who", "way", "address", "key_id", "what", "deployment", "target", "summary", "changes", "usd")


@require_safe
@needs(Scope.READ)
def activity_csv(request: PageRequest) -> StreamingHttpResponse:
    """Newest first, the whole of what was asked for."""
    found = audited.every(request.actor, read(request).only)
    return download(table(_HEAD, _rows(found, request.actor)), f"activity-{timezone.localdate()}.csv")


def _rows(actions: Iterator[Action], actor: Actor) -> Iterator[list[Any]]:
    for one in actions:
        slug = one.deployment.slug if one.deployment is not None else ""
        changes = "; ".join(map(_words, audited.differences(one.details)))
        yield [
            one.at.isoformat(), safe(one.actor_name), one.via, audited.address(one, actor), one.key_id or "",
            one.verb, slug, safe(one.target), safe(one.summary), safe(changes),
            "" if one.usd is None else f"{one.usd:f}",
        ]  # fmt: skip


def _words(change: Difference) -> str:
    before, after = (json.dumps(value, ensure_ascii=False) for value in (change.before, change.after))
    return f"{change.field or 'it'}: {before} -> {after}"
