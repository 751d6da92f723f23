"""A text column that is encrypted at rest."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:  # only the type stubs know the parameters
    _Text = models.TextField


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: name at least one Fernet key.")
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(_Text):
    """Text stored as a Fernet token; the first of FIELD_ENCRYPTION_KEYS encrypts, all of them decrypt.

    The empty string is stored as it is, so that "not set" can be asked of the database.
    """

    def get_prep_value(self, value: Any) -> Any:
        """The Fernet token of `value`."""
        if value in (None, ""):
            return value
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """The text of a stored token; ImproperlyConfigured where no key opens it."""
        if value in (None, ""):
            return value
        try:
            return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(str(value).encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"{self.model.__name__}.{self.name} cannot be decrypted: put the key that wrote it into "
                "FIELD_ENCRYPTION_KEYS, after the new one."
            ) from error
