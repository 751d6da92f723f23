"""How the key services say no."""

from deployments.public import Refused


class KeyRefused(Refused):
    """Bad input or no right; nothing was changed. `fields` names the fields at fault."""
