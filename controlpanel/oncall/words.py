"""Figures as people read them."""

from collections.abc import Sequence


def seconds(value: float) -> str:
    """under 1 ms, 20 ms, 1.4 s, 12 s, 5 min, 3 h, 2 days."""
    if value < 0.001:
        return "under 1 ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172_800 else f"{value / 86_400:.0f} days"


def ago(value: float) -> str:
    """`seconds` ago, or how far ahead."""
    if value < 0:
        return f"{seconds(-value)} ahead"
    return "just now" if value < 1 else f"{seconds(value)} ago"


def count(number: int, one: str, many: str) -> str:
    """1 run, 2 runs."""
    return f"{number} {one if number == 1 else many}"


def names(found: Sequence[str]) -> str:
    """The first three, and how many more."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(found[:3]) + more


def size(number: float) -> str:
    """Bytes in GiB or TiB."""
    return f"{number / 2**40:.1f} TiB" if number >= 2**40 else f"{number / 2**30:.1f} GiB"
