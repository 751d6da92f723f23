"""The document of the rules: `python -m tests.deployments.doctor.table` writes docs/doctor.md."""

from collections import Counter
from pathlib import Path

from deployments.doctor import RULES

from .cases import CASES
from .measure import measured

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"
_HEAD = """# The log doctor

It reads every line that the panel stores, of a start, a lit server, a build, and what the provider answers.
A rule that knows a line says in plain words what is wrong, shows the line, and says what to do; where a
setting mends it, it offers the change, which an admin sees beside the configuration of now before it
becomes a release. It never starts anything. What follows from an error (“See root cause above”, a timeout
of the GPUs that were left waiting) stands below its cause, on the same card.

The rules are data (`deployments/doctor/`), and pure: no database, no network. They were measured on a
corpus of labelled logs (`tests/deployments/doctor/corpus/`): whole recorded logs of vLLM 0.26 on an H200
and 0.32 on a CPU first, then recorded lines with other values and prefixes, then lines that are only
documented or read in sources, and lines of the stand-in cloud and of the panel itself. That corpus was
written together with the rules: its figures show that every rule holds what it promises and that none
disturbs another, not how much of the world’s logs they know. Recorded healthy starts give nothing.
"""


def page() -> str:
    """The whole document."""
    return f"{_HEAD}\n{_summary()}\n\n{_table()}\n"


def _summary() -> str:
    rows = measured()
    right, wrong, missed = (sum(getattr(row, name) for row in rows) for name in ("right", "wrong", "missed"))
    origins = Counter(case.origin for case in CASES)
    logs = ", ".join(f"{count} {origin}" for origin, count in sorted(origins.items()))
    healthy = sum(1 for case in CASES if not case.data["tells"])
    return (
        f"{len(RULES)} rules; {len(CASES)} logs ({logs}), of which {healthy} must give nothing. "
        f"Precision {right / (right + wrong):.2f}, recall {right / (right + missed):.2f} overall.\n"
        "Seen: whether such a line was recorded, or is said by the panel itself or by the stand-in cloud."
    )


def _table() -> str:
    lines = [
        "| rule | says | change | known from | logs | precision | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule, row in zip(RULES, measured(), strict=True):
        change = "yes" if rule.change is not None else ""
        known = f"{'; '.join(rule.sources)} | {'no' if rule.documented else 'yes'}"
        figures = f"{row.cases} | {row.precision:.2f} | {row.recall:.2f}"
        lines.append(f"| `{rule.code}` ({rule.level}) | {rule.title} | {change} | {known} | {figures} |")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
