"""Rows of the gateway."""

from .api_key import ApiKey, WhenAsleep
from .request_count import RequestCount
from .usage_record import Outcome, UsageRecord

__all__ = ["ApiKey", "Outcome", "RequestCount", "UsageRecord", "WhenAsleep"]
