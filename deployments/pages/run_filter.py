"""Which runs a page is asked for: read from its address, and written back into it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from deployments.models import Cause, EndReason
from deployments.planning.power import Actor
from deployments.services import run_lists
from deployments.services.run_lists import FAILED, LIT, RunFilter
from deployments.services.status import visible

from .days import midnight

_NAMES = ("deployment", "cause", "end", "release", "who", "since", "until", "found")
# What the filter for the log doctor's words says for "anything at all".
_ANYTHING = "any"
_LONGEST = 150


@dataclass(frozen=True, slots=True)
class Asked:
    """What the filter holds, as text, empty where it is open. Days are whole days in the reader's zone.

    `slug` is the deployment of a page that shows one alone: it is no part of the address's query.
    """

    slug: str
    deployment: str
    cause: str
    end: str
    release: str
    who: str
    since: str
    until: str
    found: str

    @property
    def any(self) -> bool:
        """True where something is left out."""
        return bool(self.query)

    @property
    def query(self) -> str:
        """The same for an address, without the page."""
        held = QueryDict(mutable=True)
        held.update({name: getattr(self, name) for name in _NAMES if getattr(self, name)})
        return held.urlencode()

    @property
    def only(self) -> RunFilter:
        """The same for the services. What makes no sense narrows nothing."""
        return RunFilter(
            deployment=self.slug or self.deployment,
            cause=self.cause if self.cause in Cause.values else "",
            end=self.end if self.end in (FAILED, LIT, *EndReason.values) else "",
            release=int(self.release) if self.release else None,
            who=self.who,
            since=midnight(self.since),
            until=midnight(self.until, days=1),
            found=self.found == _ANYTHING,
            code="" if self.found == _ANYTHING else self.found,
        )


def read(request: HttpRequest, slug: str = "") -> Asked:
    """What the address asks for."""
    texts = {name: request.GET.get(name, "").replace("\x00", "")[:_LONGEST] for name in _NAMES}
    number = texts["release"]
    texts["release"] = number if number.isascii() and number.isdigit() and len(number) < 9 else ""
    if slug:
        texts["deployment"] = ""
    return Asked(slug=slug, **texts)


def choices(actor: Actor, asked: Asked) -> dict[str, Any]:
    """What there is to choose from: names only of what there was."""
    slug = asked.slug or asked.deployment
    return {
        "asked": asked,
        "causes": [(cause.value, _capital(cause.label)) for cause in Cause],
        "ends": [
            (FAILED, "Any failure"),
            (LIT, "Lit now"),
            *((r.value, _capital(r.label)) for r in EndReason),
        ],
        "people": run_lists.people(actor, slug),
        "codes": run_lists.codes(actor, slug),
        "releases": run_lists.releases(slug) if slug else [],
        "deployments": [] if asked.slug else list(visible(actor).order_by("name")),
    }


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
