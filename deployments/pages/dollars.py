"""Boot, use and idle as shares of one bar. Pure."""

from dataclasses import dataclass

from deployments.services.views import RunView

_GAP = 0.4  # per cent between two parts, so that they are told apart without colour


@dataclass(frozen=True, slots=True)
class Shares:
    """Places and widths in per cent, and the same in words."""

    boot_width: str
    use_x: str
    use_width: str
    idle_x: str
    idle_width: str
    said: str


def shares(run: RunView) -> Shares | None:
    """The bar of a run; None where nothing was spent."""
    total = run.boot_usd + run.use_usd + run.idle_usd
    if total <= 0:
        return None
    boot, use, idle = (float(part / total * 100) for part in (run.boot_usd, run.use_usd, run.idle_usd))
    return Shares(
        boot_width=f"{max(0, boot - _GAP):.2f}",
        use_x=f"{boot:.2f}",
        use_width=f"{max(0, use - _GAP):.2f}",
        idle_x=f"{boot + use:.2f}",
        idle_width=f"{idle:.2f}",
        said=f"Boot {boot:.0f} percent, use {use:.0f} percent, idle {idle:.0f} percent",
    )
