"""Writing usage, many rows at once."""

from collections.abc import Iterable, Sequence

from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction

from gateway import counting
from gateway.models import ApiKey, UsageRecord


def write_usage(rows: Sequence[UsageRecord]) -> None:
    """Insert `rows`; a row that is there already is left, so a repeated call writes nothing twice.

    A key or a person that was deleted meanwhile is left out of its row rather than losing the row.
    """
    try:
        _insert(rows)
    except IntegrityError:
        keys = _present(ApiKey, (row.key_id for row in rows))
        people = _present(get_user_model(), (row.user_id for row in rows))
        for row in rows:
            row.key_id = row.key_id if row.key_id in keys else None
            row.user_id = row.user_id if row.user_id in people else None
        _insert(rows)


def _insert(rows: Sequence[UsageRecord]) -> None:
    with transaction.atomic():
        new = counting.new_of(rows)
        UsageRecord.objects.bulk_create(new, ignore_conflicts=True)
        counting.count(new)


def _present(model: type[models.Model], ids: Iterable[int | None]) -> set[int]:
    wanted = {pk for pk in ids if pk is not None}
    return set(model._default_manager.filter(pk__in=wanted).values_list("pk", flat=True))
