"""The look at the provider before a release: on request, free, and never near a container (law 1)."""

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone

from deployments.models import Deployment, ProviderLook
from deployments.planning.outside import Check, CheckState, refusing
from deployments.planning.power import Actor
from deployments.planning.spec import Spec
from deployments.providers.base import ProviderError
from deployments.providers.registry import provider_for

from .errors import Refused
from .outside_checks import Question, questions

log = structlog.get_logger(__name__)

# What one check may take, in wall seconds. They are asked side by side, so all of them take no longer.
LIMIT_S = 10.0
# For so long a look of the very same configuration speaks at a release.
FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found when, for whom. `current`: of the configuration as it is saved, and lately."""

    at: datetime
    by_name: str
    checks: list[Check]
    current: bool

    @property
    def errors(self) -> list[Check]:
        """What a release is refused for."""
        return refusing(self.checks)

    @property
    def told(self) -> list[Check]:
        """What is not in order or could not be looked at: what stands in the way first."""
        order = (CheckState.ERROR, CheckState.WARNING, CheckState.UNKNOWN)
        return [check for state in order for check in self.checks if check.state is state]

    @property
    def fine(self) -> list[Check]:
        """What is in order."""
        return [check for check in self.checks if check.state is CheckState.OK]


def look(deployment: Deployment, spec: Spec, *, actor: Actor, limit_s: float = LIMIT_S) -> Look:
    """Ask the provider about `spec`. Blocks for `limit_s` at most; a check that hangs is left behind and says
    so. Kept for the pages where `spec` is the saved configuration. Lights, deploys and changes nothing."""
    now = timezone.now()
    try:
        provider = provider_for(deployment.account)
    except ProviderError as error:
        checks = [Check("credentials", "Credentials", CheckState.ERROR, error.message)]
    else:
        checks = _answers(questions(deployment, spec, provider, now), limit_s)
    saved = deployment.config == spec.to_json()
    if saved:
        found = {"at": now, "by_name": actor.name, "spec": spec.to_json()}
        found["checks"] = [asdict(check) for check in checks]
        ProviderLook.objects.update_or_create(deployment=deployment, defaults=found)
    return Look(now, actor.name, checks, current=saved)


def newest(deployment: Deployment, now: datetime | None = None) -> Look | None:
    """The last look that was kept; None before the first."""
    row = ProviderLook.objects.filter(deployment=deployment).first()
    if row is None:
        return None
    current = row.is_of(deployment.config, (now or timezone.now()) - FRESH)
    return Look(row.at, row.by_name, [_restored(check) for check in row.checks], current)


def refuse_what_was_seen(deployment: Deployment) -> None:
    """Raises Refused where a fresh look at the saved configuration found what certainly fails its deploy."""
    seen = newest(deployment)
    if seen is None or not seen.current or not seen.errors:
        return
    words = " ".join(f"{check.saw} {check.remedy}".strip() for check in seen.errors)
    message = f"The provider would refuse it: {words} Look at the provider again when it is mended."
    fields = {f"outside.{check.code}": check.saw for check in seen.errors}
    raise Refused("outside_refused", message, status=409, fields=fields)


def _restored(stored: dict[str, Any]) -> Check:
    return Check(**(stored | {"state": CheckState(stored["state"])}))


def _answers(asked: Sequence[Question], limit_s: float) -> list[Check]:
    """The answer of each, in order. Threads, since the provider's calls block; daemons, so that one that
    hangs keeps no process from ending."""
    found: dict[str, Check] = {}
    threads = [
        threading.Thread(target=_ask, args=(one, found), daemon=True, name=f"look-{one.code}")
        for one in asked
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    answered = dict(found)
    return [answered.get(one.code) or _blind(one, f"no answer within {limit_s:g} s") for one in asked]


def _ask(question: Question, found: dict[str, Check]) -> None:
    try:
        found[question.code] = question.ask()
    except ProviderError as error:
        found[question.code] = _refused(question, error)
    except Exception as error:  # the edge of a thread: what goes wrong here is not what was asked about
        log.exception("outside.check_failed", check=question.code)
        found[question.code] = _blind(question, f"the panel failed with {type(error).__name__}")


def _refused(question: Question, error: ProviderError) -> Check:
    """The provider's no is an answer where the question is whether it lets us in, and blindness elsewhere."""
    if question.code == "credentials" and error.permanent:
        remedy = "Correct the account’s token or its environment."
        return Check(question.code, question.title, CheckState.ERROR, error.message, remedy)
    return _blind(question, error.message)


def _blind(question: Question, why: str) -> Check:
    return Check(question.code, question.title, CheckState.UNKNOWN, f"Could not look: {why.rstrip('.')}.")
