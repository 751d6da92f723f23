"""What the places of a sum are called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from deployments.ledger.window import date_of
from deployments.models import Deployment

from . import uses
from .lives import names
from .spend import Place

NOBODY = "Not asked for by the panel"
NO_KEY = "pages and playground"


def with_what_prices_them() -> QuerySet[Deployment]:
    """Every deployment with the rows that pricing it reads."""
    return Deployment.objects.select_related("account", "current_release", "live_release")


@dataclass(frozen=True, slots=True)
class Labels:
    """Names by id, for the places they were read for. Three queries."""

    deployments: dict[int, Deployment]
    people: dict[int, str]
    keys: dict[int, str]

    @classmethod
    def of(cls, places: Iterable[Place], known: Iterable[Deployment] | None = None) -> "Labels":
        """The names of these places. Where `known` deployments are given, all of them are among those."""
        found = list(places)
        ids = {place.deployment_id for place in found if place.deployment_id}
        rows = known if known is not None else with_what_prices_them().filter(pk__in=ids)
        return cls(
            {row.pk: row for row in rows if row.pk in ids},
            names({place.user_id for place in found if place.user_id}),
            dict(uses.key_names(place.key_id for place in found if place.key_id)),
        )

    def day(self, place: Place) -> date:
        """The day, or the first day of the week."""
        return date_of(place.day)

    def deployment(self, place: Place) -> str:
        """The name of the deployment."""
        return self.deployments[place.deployment_id].name

    def person(self, place: Place) -> str:
        """Who it is put down to."""
        return self.people.get(place.user_id) or place.who or NOBODY

    def key(self, place: Place) -> str:
        """The name of the key; keys can be revoked but not deleted, except with their owner."""
        if not place.key_id:
            return NO_KEY if place.user_id else "–"
        return self.keys.get(place.key_id, f"key {place.key_id} (deleted)")
