"""Configurations as YAML files: given out, and taken in after a look at what they would change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from deployments.models import Account, Deployment
from deployments.planning.configuration_file import (
    ConfigurationFile,
    ConfigurationFileError,
    read,
    written,
)
from deployments.planning.power import Actor
from deployments.planning.spec import Spec

from . import describe, editing, releases
from .errors import bad_field
from .locking import locked
from .plain_secrets import refuse_plain_secrets
from .preflight import Preflight, preflight
from .releases import Change


@dataclass(frozen=True, slots=True)
class Planned:
    """What a file would make of a deployment. Nothing of it has happened.

    `base` names the configuration it was compared with: taking it in with this base is refused where
    somebody else has saved another one meanwhile.
    """

    file: ConfigurationFile
    config: Mapping[str, Any]
    changes: list[Change]
    judged: Preflight
    base: str


def exported(deployment: Deployment, number: int | None = None, *, schema_url: str = "") -> str:
    """The saved configuration, or that of a release, as YAML. Raises Refused where there is no such release
    or where it holds a secret (written before such were refused)."""
    config = deployment.config if number is None else releases.release_of(deployment, number).spec
    refuse_plain_secrets(releases.checked_spec(config))
    which = "configuration as it is saved" if number is None else f"release {number}"
    file = ConfigurationFile(deployment.name, deployment.notes, config)
    return written(file, about=f"{deployment.slug}: {which}", schema_url=schema_url)


def planned(deployment: Deployment, text: str) -> Planned:
    """Read a file against a deployment. What it does not say gets its default; the app's name at the
    provider stays. Changes nothing. Raises Refused naming the entry at fault."""
    file = _read(text)
    spec = _spec(file, deployment.config.get("app_name"))
    return Planned(
        file,
        spec.to_json(),
        releases.difference(deployment.config, spec.to_json()),
        preflight(deployment, spec),
        editing.version_of(editing.document_of(deployment)),
    )


def take_in(deployment: Deployment, text: str, *, actor: Actor, base: str | None = None) -> Deployment:
    """Save a file's configuration, and its name and notes where it has some. Nothing that runs is touched.

    Raises Refused: invalid, not_allowed; Stale where `base` is given and is not what is saved now.
    """
    with transaction.atomic():
        row = locked(deployment.pk)
        editing.check_version(row, base)
        plan = planned(row, text)
        releases.save_config(row, actor=actor, config=plan.config)
        said = {"name": plan.file.name, "notes": plan.file.notes}
        return describe.describe(row, actor=actor, **{key: text for key, text in said.items() if text})


def create_from(text: str, *, actor: Actor, slug: str, account: Account) -> Deployment:
    """A new deployment of a file, off. Its app at the provider is called after the slug unless the file
    says otherwise. Raises Refused naming the entry at fault."""
    file = _read(text)
    config = {"app_name": slug, **file.config}
    return releases.create_deployment(
        actor=actor, slug=slug, name=file.name or slug, account=account, config=config, notes=file.notes
    )


def _read(text: str) -> ConfigurationFile:
    try:
        return read(text)
    except ConfigurationFileError as error:
        raise bad_field(error.field, str(error)) from error


def _spec(file: ConfigurationFile, app_name: Any) -> Spec:
    spec = releases.checked_spec({**file.config, "app_name": app_name})
    refuse_plain_secrets(spec)
    return spec
