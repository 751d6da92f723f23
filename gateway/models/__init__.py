"""Rows of the gateway."""

from .api_key import ApiKey, WhenAsleep
from .usage_record import Outcome, UsageRecord

__all__ = ["ApiKey", "Outcome", "UsageRecord", "WhenAsleep"]
