"""`/costs/costs.csv`: the numbers of the page, for a spreadsheet."""

import csv
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.planning.power import Scope
from deployments.services import spend
from deployments.services.cost_labels import Labels
from deployments.services.spend import Spent

from .access import PageRequest, needs
from .costs import GROUPS, read


class Echo:
    """What csv writes to: gives each line back."""

    def write(self, line: str) -> str:
        """The line."""
        return line


_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_COLUMNS = ("cost", "boot", "use", "idle", "kept", "gpu", "cpu", "memory")


@require_safe
@needs(Scope.READ)
def costs_csv(request: PageRequest) -> StreamingHttpResponse:
    """The same numbers by day, deployment, person and key, exact to the micro-dollar."""
    now = timezone.now()
    asked = read(request, now)
    spent = spend.spent(asked.period.window, GROUPS, now, only=asked.only)
    response = StreamingHttpResponse(_lines(spent), content_type="text/csv; charset=utf-8")
    name = f"costs-{asked.period.first}-{asked.period.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(spent: Spent) -> Iterator[str]:
    labels, writer = Labels.of(spent.sums), csv.writer(Echo())
    yield writer.writerow(
        [
            "day",
            "deployment",
            "person",
            "key",
            *(f"{name}_usd" for name in _COLUMNS),
            "requests",
            "tokens_out",
        ]
    )
    for place, sums in sorted(spent.sums.items()):
        named = (labels.deployment(place), labels.person(place), labels.key(place))
        dollars = sums.usd
        yield writer.writerow(
            [
                labels.day(place),
                *map(safe, named),
                *(dollars[name] for name in _COLUMNS),
                sums.requests,
                sums.made_tokens,
            ]
        )


def safe(text: str) -> str:
    """A name that a spreadsheet does not take for a formula, wide forms of its signs and blanks before it
    included."""
    return f"'{text}" if text.strip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n")) else text
