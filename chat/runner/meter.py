"""What a reply costs while it is written. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

_HOUR_S = Decimal(3600)
_PLACES = Decimal("0.00000001")


@dataclass(slots=True)
class Meter:
    """Adds up seconds times a share of the server's price. Runs between `set` and `stop`."""

    usd: Decimal = Decimal(0)
    _usd_per_s: Decimal | None = None
    _since: datetime | None = None

    def set(self, usd_per_hour: Decimal, sharing: int, now: datetime) -> None:
        """From `now` on the price is shared by so many requests."""
        self.stop(now)
        self._usd_per_s = usd_per_hour / _HOUR_S / max(1, sharing)
        self._since = now

    def stop(self, now: datetime) -> None:
        """Count up to `now`, and no further until the next `set`."""
        self.usd = self._until(now)
        self._since = None

    def total(self, now: datetime) -> Decimal | None:
        """USD so far, to eight places; None where no price was ever known."""
        known = self._usd_per_s is not None or self.usd > 0
        return self._until(now).quantize(_PLACES) if known else None

    def _until(self, now: datetime) -> Decimal:
        if self._since is None or self._usd_per_s is None:
            return self.usd
        return self.usd + self._usd_per_s * Decimal(str(max(0.0, (now - self._since).total_seconds())))
