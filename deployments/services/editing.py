"""A configuration under more than one pair of hands: its version, and a save that overwrites nobody."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from deployments.models import Action, Deployment
from deployments.planning.power import Actor
from deployments.planning.spec import Spec, SpecError

from . import releases
from .describe import DESCRIBED, describe, described
from .errors import Refused
from .locking import locked

_VERBS = ("configure", "describe")
_FAR = 50  # actions that are looked back through for who changed something


class Stale(Refused):
    """409: somebody saved another version meanwhile. Nothing was changed."""

    def __init__(self, deployment: Deployment, since: list[Action], *, status: int = 409) -> None:
        super().__init__("stale", _words(deployment, since), status=status)
        self.since = since


def document_of(deployment: Deployment) -> dict[str, Any]:
    """All that the form edits: what people read of it (`describe.DESCRIBED`) and every setting by name."""
    return described(deployment) | normal(deployment.config)


def normal(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with every setting in it; as it is where it cannot be read."""
    try:
        return Spec.from_json(config).to_json()
    except SpecError:
        return dict(config)


def config_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration alone."""
    return {name: value for name, value in document.items() if name not in DESCRIBED}


def version_of(document: Mapping[str, Any]) -> str:
    """A short text that is the same for the same document, and another for any other."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save(
    deployment: Deployment, *, actor: Actor, document: Mapping[str, Any], based_on: str | None = None
) -> Deployment:
    """Replace all that the form edits. The running server and the releases stay as they are.

    `based_on` is the version that the change was made from; None overwrites whatever is there. Raises
    Stale where another one is there by now, and Refused as `save_config` and `describe` do.
    """
    with transaction.atomic():
        row = locked(deployment.pk)
        check_version(row, based_on)
        config = config_in(document)
        describe(row, actor=actor, **{name: document[name] for name in DESCRIBED if name in document})
        if config != normal(row.config):
            releases.save_config(row, actor=actor, config=config)
    return row


def check_version(deployment: Deployment, based_on: str | None, *, status: int = 409) -> None:
    """Raise Stale where the deployment is not as `based_on` says; None and `*` fit anything."""
    if based_on not in (None, "*", version_of(document_of(deployment))):
        raise Stale(deployment, changed_since(deployment, str(based_on)), status=status)


def changed_since(deployment: Deployment, version: str) -> list[Action]:
    """Who changed it since that version, the newest first; the newest change alone where the way back to
    that version is not in the record."""
    found: list[Action] = []
    document = document_of(deployment)
    for action in deployment.actions.filter(verb__in=_VERBS)[:_FAR]:
        if version_of(document) == version:
            return found
        found.append(action)
        before = {name: change["before"] for name, change in action.details.items()}
        document = document | {name: value for name, value in before.items() if name in document}
    return found if version_of(document) == version else found[:1]


def _words(deployment: Deployment, since: list[Action]) -> str:
    who = " and ".join(dict.fromkeys(action.actor_name for action in since)) or "Somebody"
    at = f" at {since[0].at:%Y-%m-%d %H:%M} UTC" if since else ""
    fields = sorted({name for action in since for name in action.details})
    what = f"changed {', '.join(fields)}" if fields else "changed it"
    said = f"{who} {what} of {deployment.name}{at}, after you had read it."
    return f"{said} Read it again, or say that yours stands."
