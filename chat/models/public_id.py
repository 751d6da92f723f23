"""Names that stand in addresses."""

import secrets

LENGTH = 22


def new_public_id() -> str:
    """128 random bits in 22 URL-safe characters: knowing one id says nothing of another."""
    return secrets.token_urlsafe(16)
