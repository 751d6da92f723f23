"""What a log says is wrong, why, and which change of configuration mends it. Pure."""

from .diagnosis import BY_CODE, RULES, Card, Diagnosis, Scan, cards, diagnose, endings, scan
from .rule import Context, Depth, Ended, Place, Rule

__all__ = [
    "BY_CODE",
    "RULES",
    "Card",
    "Context",
    "Depth",
    "Diagnosis",
    "Ended",
    "Place",
    "Rule",
    "Scan",
    "cards",
    "diagnose",
    "endings",
    "scan",
]
