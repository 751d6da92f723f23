"""What somebody who configures a client has to know of a deployment."""

from dataclasses import dataclass
from datetime import datetime

from deployments.models import Deployment
from deployments.planning.spec import Spec

from .expected import boot_time
from .facts import spec_of
from .loading import loaded


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """`context_tokens` is None where the model's own limit holds. Seconds are wall seconds from the wake to
    ready; `starts` is how many of its own they come from, 0 where the recipe's figure is used."""

    slug: str
    name: str
    served_name: str
    context_tokens: int | None
    calls_tools: bool
    ready_p50_s: float
    ready_p90_s: float
    starts: int


def client_facts(deployment: Deployment, now: datetime) -> ClientFacts:
    """The facts at `now`; a constant number of queries."""
    row = loaded(deployment.pk, now)
    spec: Spec = spec_of(row)
    boot = boot_time(row, spec)
    return ClientFacts(
        slug=row.slug,
        name=row.name,
        served_name=spec.served_name,
        context_tokens=spec.max_model_len,
        calls_tools=bool(spec.tool_call_parser),
        ready_p50_s=boot.p50_s,
        ready_p90_s=boot.p90_s,
        starts=boot.runs,
    )
