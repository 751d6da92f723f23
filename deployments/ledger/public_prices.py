"""The provider's public prices, as the first rows of an empty table."""

from datetime import UTC, date, datetime
from decimal import Decimal

SOURCE = "Modal's public price list, mid 2026"
EFFECTIVE_FROM = datetime(2026, 6, 1, tzinfo=UTC)
CHECKED_ON = date(2026, 6, 30)

# USD per second of one GPU, of one physical core, of one GiB.
USD_PER_S = {
    "gpu:H200": Decimal("0.001261"),
    "gpu:B200": Decimal("0.001736"),
    "gpu:H100": Decimal("0.001097"),
    "cpu": Decimal("0.0000131"),
    "memory": Decimal("0.00000222"),
}
