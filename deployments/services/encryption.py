"""Every encrypted column written anew with the first of FIELD_ENCRYPTION_KEYS."""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from deployments.models.encrypted import EncryptedTextField


@dataclass(frozen=True, slots=True)
class Table:
    """A table with encrypted columns; `rows` were written anew, or would have to be."""

    name: str
    columns: tuple[str, ...]
    rows: int


def rotate() -> list[Table]:
    """Write every row anew that needs another key than the first, each table in one transaction.

    Raises ImproperlyConfigured where no key opens a row: that table stays as it was.
    """
    return [_rotated(model, names) for model, names in encrypted()]


def stale() -> list[Table]:
    """The same count, and nothing written."""
    return [Table(_name(model), names, len(_old(model, names))) for model, names in encrypted()]


def encrypted() -> Iterator[tuple[type[models.Model], tuple[str, ...]]]:
    """Every model that has encrypted columns, with their names."""
    for model in apps.get_models():
        names = tuple(f.name for f in model._meta.concrete_fields if isinstance(f, EncryptedTextField))
        if names:
            yield model, names


def _rotated(model: type[models.Model], names: tuple[str, ...]) -> Table:
    with transaction.atomic():
        old = _old(model, names)
        rows = model._base_manager.filter(pk__in=old).order_by("pk").select_for_update()
        for row in rows:
            model._base_manager.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
    return Table(_name(model), names, len(old))


def _old(model: type[models.Model], names: tuple[str, ...]) -> list[int]:
    """The rows that the first key alone does not open, read as they lie in the table."""
    first = Fernet(settings.FIELD_ENCRYPTION_KEYS[0])
    quote, meta = connection.ops.quote_name, model._meta
    own = {field.name: str(field.column) for field in meta.concrete_fields}
    columns = ", ".join(quote(own[name]) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quote(str(meta.pk.column))}, {columns} FROM {quote(meta.db_table)}")  # noqa: S608
        return [pk for pk, *texts in cursor.fetchall() if not all(_opens(first, text) for text in texts)]


def _opens(key: Fernet, text: str | None) -> bool:
    if not text:
        return True
    try:
        key.decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def _name(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name_plural)
