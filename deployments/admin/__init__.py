"""The admin site: accounts, deployments, prices; everything that happened, to read."""

from . import accounts, configuration, records

__all__ = ["accounts", "configuration", "records"]
