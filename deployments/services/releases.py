"""Configurations and the releases that freeze them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from deployments.models import (
    OPEN_DEPLOYS,
    OPEN_DOWNLOADS,
    OPEN_WAKES,
    Account,
    Deployment,
    Release,
)
from deployments.planning.power import Actor, Scope
from deployments.planning.spec import Spec, SpecError

from . import audit
from .errors import Refused, bad_field, not_allowed, not_found
from .locking import locked
from .outside import refuse_what_was_seen
from .plain_secrets import refuse_plain_secrets, refuse_secret_text
from .preflight import refuse_errors

# Addresses under /deployments/ that are pages of their own.
_TAKEN = frozenset({"new"})


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs between two releases."""

    field: str
    before: Any
    after: Any


def checked_spec(config: Mapping[str, Any]) -> Spec:
    """The spec of a configuration. Raises Refused naming the field at fault."""
    try:
        return Spec.from_json(config)
    except SpecError as error:
        raise bad_field(f"config.{error.field}", error.message) from error


def create_deployment(
    *, actor: Actor, slug: str, name: str, account: Account, config: Mapping[str, Any], notes: str = ""
) -> Deployment:
    """A new deployment, off, with no release yet. Nothing is deployed by this."""
    _needs_admin(actor)
    if slug in _TAKEN:
        raise bad_field("slug", f"{slug} is the address of a page of the panel; choose another.")
    spec = checked_spec(config)
    refuse_plain_secrets(spec)
    refuse_secret_text("name", name)
    refuse_secret_text("notes", notes)
    deployment = Deployment(
        slug=slug,
        name=name.strip(),
        account=account,
        config=spec.to_json(),
        notes=notes,
        owner_id=actor.user_id,
    )
    try:
        deployment.full_clean(exclude=["config"])
    except ValidationError as error:
        fields = {key: " ".join(words) for key, words in error.message_dict.items()}
        raise Refused("invalid", next(iter(fields.values())), status=422, fields=fields) from error
    with transaction.atomic():
        _one_at_a_time(account)
        _own_app_name(account, spec, None)
        try:
            with transaction.atomic():
                deployment.save()
        except IntegrityError:  # at the same instant
            raise bad_field("slug", f"{slug} was taken just now; choose another.") from None
        audit.record(
            actor,
            "create",
            deployment=deployment,
            summary=f"{actor.name} created {deployment.name}.",
            details={"account": account.name, "model": deployment.config.get("model")},
        )
    return deployment


def save_config(deployment: Deployment, *, actor: Actor, config: Mapping[str, Any]) -> Deployment:
    """Replace the editable configuration. The running server and the releases stay as they are."""
    _needs_admin(actor)
    spec = checked_spec(config)
    refuse_plain_secrets(spec)
    before = deployment.config
    with transaction.atomic():
        _one_at_a_time(deployment.account)
        _own_app_name(deployment.account, spec, deployment)
        deployment.config = spec.to_json()
        Deployment.objects.filter(pk=deployment.pk).update(config=deployment.config)
        audit.record(
            actor,
            "configure",
            deployment=deployment,
            details=_as_details(difference(before, deployment.config)),
            summary=f"{actor.name} changed the configuration of {deployment.name}; not released yet.",
        )
    return deployment


def _own_app_name(account: Account, spec: Spec, deployment: Deployment | None) -> None:
    """Two deployments of one account must not share an app at the provider: each would put out the other."""
    if deployment is not None:
        live = deployment.live_release or deployment.current_release
        lit = deployment.app_id or deployment.maybe_deployed or deployment.stop_kind
        if lit and live is not None and live.spec.get("app_name") != spec.app_name:
            raise bad_field("config.app_name", "Turn the deployment off before its app gets another name.")
    refuse_taken_app_name(account, spec, besides=deployment)


def refuse_taken_app_name(account: Account, spec: Spec, *, besides: Deployment | None = None) -> None:
    """Raise Refused where another deployment of the account has an app of this name, saved or released."""
    others = Deployment.objects.filter(account=account, archived_at__isnull=True)
    others = others.select_related("current_release", "live_release")
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if any(spec.app_name in _app_names(other) for other in others):
        raise bad_field(
            "config.app_name", f"{spec.app_name} belongs to another deployment; choose another name."
        )


def _app_names(deployment: Deployment) -> set[Any]:
    """What its app is called now, and what the next start would call it."""
    frozen = (deployment.current_release, deployment.live_release)
    specs = [deployment.config, *(release.spec for release in frozen if release is not None)]
    return {spec.get("app_name") for spec in specs}


def _one_at_a_time(account: Account) -> None:
    """Two who take one name for an app at the same instant come one after the other. In a transaction."""
    Account.objects.select_for_update().only("pk").get(pk=account.pk)


def create_release(deployment: Deployment, *, actor: Actor, note: str = "") -> Release:
    """Freeze the configuration as the next release and make it the current one. It is deployed by the next
    start; what is lit stays as it is. Raises Refused config_refused where the configuration has errors, and
    outside_refused where a fresh look at the provider saw what certainly fails its deploy.

    What is frozen is read again under the lock: the row may have been loaded before somebody else's save."""
    if not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("A release needs an operator.")
    refuse_secret_text("note", note)
    with transaction.atomic():
        row = locked(deployment.pk)
        spec = checked_spec(row.config)
        _own_app_name(row.account, spec, row)
        refuse_errors(row, spec)
        refuse_what_was_seen(row)
        made = _freeze(row, actor, row.config, note=note)
    deployment.config, deployment.current_release = row.config, made
    return made


def ensure_release(deployment: Deployment, actor: Actor) -> Release:
    """The current release, made from the configuration where there is none yet, as `create_release` does.
    Call it with the row of `locked`, inside its transaction."""
    if deployment.current_release is not None:
        return deployment.current_release
    refuse_errors(deployment, checked_spec(deployment.config))
    return _freeze(deployment, actor, deployment.config, note="first release")


def rollback(deployment: Deployment, number: int, *, actor: Actor) -> Release:
    """A new release with the spec of an earlier one. Never lights anything."""
    if not actor.may(Scope.OPERATE, deployment.slug):
        raise not_allowed("A rollback needs an operator.")
    with transaction.atomic():
        made = go_back_to(locked(deployment.pk), number, actor=actor, note=f"rollback to release {number}")
    deployment.current_release = made
    return made


def go_back_to(deployment: Deployment, number: int, *, actor: Actor, note: str) -> Release:
    """The same, for whoever has asked about powers already and holds the row's lock."""
    earlier = release_of(deployment, number)
    _own_app_name(deployment.account, checked_spec(earlier.spec), deployment)
    return _freeze(deployment, actor, earlier.spec, note=note, rolled_back_to=number)


def _freeze(
    deployment: Deployment,
    actor: Actor,
    config: Mapping[str, Any],
    *,
    note: str,
    rolled_back_to: int | None = None,
) -> Release:
    spec = checked_spec(config).to_json()
    for _ in range(5):  # two at the same instant ask for the same number: one of them asks again
        try:
            with transaction.atomic():
                return _write(deployment, actor, spec, note, rolled_back_to)
        except IntegrityError:
            continue
    raise Refused("busy", "Another release was made at the same time; try again.", status=409)


def _write(
    deployment: Deployment, actor: Actor, spec: dict[str, Any], note: str, rolled_back_to: int | None
) -> Release:
    number = int(deployment.releases.aggregate(top=Max("number"))["top"] or 0) + 1
    release = Release.objects.create(
        deployment=deployment,
        number=number,
        spec=spec,
        note=note.strip(),
        author_id=actor.user_id,
        author_name=actor.name,
        rolled_back_to=rolled_back_to,
        created_at=timezone.now(),
    )
    Deployment.objects.filter(pk=deployment.pk).update(current_release=release)
    deployment.current_release = release
    audit.record(
        actor,
        "release",
        deployment=deployment,
        target=f"release {number}",
        summary=f"{actor.name} made release {number} of {deployment.name}.",
        details=_as_details(changes(deployment, number)),
    )
    return release


def release_of(deployment: Deployment, number: int) -> Release:
    """One release. Raises Refused 404."""
    release = deployment.releases.filter(number=number).first()
    if release is None:
        raise not_found(f"Release {number}")
    return release


def changes(deployment: Deployment, number: int) -> list[Change]:
    """What a release changed against the one before it; everything, for the first."""
    after = release_of(deployment, number)
    before = deployment.releases.filter(number__lt=number).order_by("-number").first()
    return difference(before.spec if before is not None else {}, after.spec)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The settings in which two configurations differ, by name. One that was stored before a setting was
    there has it as it stands by default."""
    if before and after:
        before, after = Spec.defaults() | dict(before), Spec.defaults() | dict(after)
    names = sorted(set(before) | set(after))
    return [Change(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)]


def archive(deployment: Deployment, *, actor: Actor) -> None:
    """Take a deployment off the pages. It has to be off; its runs and costs stay."""
    _needs_admin(actor)
    with transaction.atomic():
        deployment = locked(deployment.pk)
        if is_left(deployment):
            raise Refused("not_off", "Turn it off first, and wait until it is out.", status=409)
        Deployment.objects.filter(pk=deployment.pk).update(archived_at=timezone.now())
        audit.record(
            actor, "archive", deployment=deployment, summary=f"{actor.name} archived {deployment.name}."
        )


def is_left(deployment: Deployment) -> bool:
    """True while anything of it is, or could still come, at the provider: nobody looks after it then."""
    left = deployment.app_id or deployment.maybe_deployed or deployment.stop_kind
    opened = (
        deployment.leases.filter(ended_at__isnull=True),
        deployment.runs.filter(ended_at__isnull=True),
        deployment.deploys.filter(status__in=OPEN_DEPLOYS),
        deployment.wakes.filter(status__in=OPEN_WAKES),
        deployment.downloads.filter(status__in=OPEN_DOWNLOADS),
    )
    return bool(left) or any(rows.exists() for rows in opened)


def _needs_admin(actor: Actor) -> None:
    if not actor.may(Scope.ADMIN):
        raise not_allowed("Configuration needs an admin.")


def _as_details(found: list[Change]) -> dict[str, Any]:
    return {change.field: {"before": change.before, "after": change.after} for change in found}
