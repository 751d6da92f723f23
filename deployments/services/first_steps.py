"""How far an account is from its first server: derived from its rows each time, never stored."""

from dataclasses import dataclass
from enum import StrEnum

from deployments.models import OPEN_DOWNLOADS, Account, Deployment

from .small_server import deployment_at


class Step(StrEnum):
    """The steps, in their order."""

    TOKEN = "token"  # noqa: S105
    BUDGET = "budget"
    KEYS = "keys"
    HUGGINGFACE = "huggingface"
    DOWNLOAD = "download"
    START = "start"


class Stand(StrEnum):
    """How a step stands."""

    DONE = "done"
    NEXT = "next"
    UNDER_WAY = "under way"
    OPTIONAL = "optional"
    LATER = "later"


SKIPPABLE = frozenset({Step.BUDGET, Step.HUGGINGFACE, Step.DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Steps:
    """Where an account stands; `account` is None before the first step. `small` is its small deployment."""

    account: Account | None
    small: Deployment | None
    stands: dict[Step, Stand]

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(stand is Stand.DONE for stand in self.stands.values())


def steps_of(account: Account | None) -> Steps:
    """Of an account, or of one that is not there yet. The first step that has to be done is next; one that
    can be skipped says so as soon as it can be done."""
    small = deployment_at(account) if account is not None else None
    done = _done(account, small)
    under_way = small is not None and small.downloads.filter(status__in=OPEN_DOWNLOADS).exists()
    stands: dict[Step, Stand] = {}
    waits = False
    for step in Step:
        if step in done:
            stands[step] = Stand.DONE
        elif step is Step.DOWNLOAD and under_way:
            stands[step] = Stand.UNDER_WAY
        elif waits:
            stands[step] = Stand.LATER
        elif step in SKIPPABLE:
            stands[step] = Stand.OPTIONAL
        else:
            stands[step], waits = Stand.NEXT, True
    return Steps(account, small, stands)


def _done(account: Account | None, small: Deployment | None) -> set[Step]:
    if account is None:
        return set()
    facts = {
        Step.TOKEN: account.checked_at is not None and not account.check_error,
        Step.BUDGET: bool(account.read_budget_usd or account.typed_budget_usd),
        Step.KEYS: bool(account.engine_key and account.proxy_token_id and account.secrets_written_at)
        and not account.secrets_due,
        Step.HUGGINGFACE: bool(account.huggingface_token),
        Step.DOWNLOAD: small is not None and bool(small.weights_present),
        Step.START: small is not None and small.runs.filter(ready_at__isnull=False).exists(),
    }
    return {step for step, holds in facts.items() if holds}


def only_the_sandbox() -> bool:
    """True while nothing here could light a real server."""
    return not Account.objects.filter(is_sandbox=False).exists()
