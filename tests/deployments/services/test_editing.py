"""A configuration under two pairs of hands, and no secret in it."""

from typing import Any

import pytest
from django.utils import timezone

from deployments.models import Deployment
from deployments.planning.power import ROLE_SCOPES as SCOPES
from deployments.planning.power import SYSTEM, Actor, Role, Scope, Via
from deployments.services import editing, releases, requests
from deployments.services.editing import Stale, document_of, version_of
from deployments.services.errors import Refused
from tests.deployments.pages.states import States

pytestmark = pytest.mark.django_db
ANNA = Actor(None, "Anna", SCOPES[Role.ADMIN], Via.PAGE)
BEN = Actor(None, "Ben", SCOPES[Role.ADMIN], Via.API)


@pytest.fixture
def states(db: None) -> States:
    return States(timezone.now())


def save(made: Deployment, actor: Actor, since: dict[str, Any], **changes: Any) -> Deployment:
    return editing.save(made, actor=actor, document=since | changes, based_on=version_of(since))


def test_the_second_is_told_who_changed_what_and_nothing_is_written(states: States) -> None:
    made = states.asleep()
    read = document_of(made)
    save(made, ANNA, read, max_num_seqs=16)
    save(made, ANNA, document_of(Deployment.objects.get()), notes="Changed.")
    with pytest.raises(Stale, match="Anna changed max_num_seqs, notes of Support drafts") as refused:
        save(made, BEN, read, max_num_seqs=24)
    assert [action.verb for action in refused.value.since] == ["describe", "configure"]
    made.refresh_from_db()
    assert (made.config["max_num_seqs"], made.notes) == (16, "Changed.")
    save(made, BEN, document_of(made), max_num_seqs=24)
    made.refresh_from_db()
    assert made.config["max_num_seqs"] == 24


def test_changes_before_it_was_read_are_none_of_it(states: States) -> None:
    made = states.asleep()
    save(made, ANNA, document_of(made), max_num_seqs=16)
    read = document_of(Deployment.objects.get())
    save(made, BEN, read, eager=False)
    since = editing.changed_since(Deployment.objects.get(), version_of(read))
    assert [action.actor_name for action in since] == ["Ben"]


def test_saving_what_is_there_already_writes_nothing(states: States) -> None:
    made = states.asleep()
    del made.config["gpu_snapshot"]  # stored before that setting was there
    made.save(update_fields=["config"])
    save(made, ANNA, document_of(made))
    assert not made.actions.exists()
    assert (
        releases.difference(made.config, document_of(made) | {"max_num_seqs": 16})[0].field == "max_num_seqs"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"environment": {"HF_HOME": "hf_abcdefghijklmnopqrst"}}, "config.environment"),
        ({"extra_flags": ["--seed", "sk-abcdefghijklmnopqrst"]}, "config.extra_flags"),
        ({"owner_id": 999}, "owner_id"),
        ({"name": " "}, "name"),
        ({"member_cap_usd": "-1"}, "member_cap_usd"),
    ],
)
def test_what_is_no_draft_is_refused_and_no_value_repeated(
    states: States, changes: dict[str, Any], field: str
) -> None:
    made = states.asleep()
    with pytest.raises(Refused) as refused:
        save(made, SYSTEM, document_of(made), **changes)
    assert list(refused.value.fields) == [field]
    assert "abcdefgh" not in str(refused.value)
    assert not made.actions.exists()


@pytest.mark.parametrize(("role", "cap", "may"), [
    (Role.MEMBER, "1.00", False), (Role.MEMBER, "900", True), (Role.MEMBER, None, True),
    (Role.OPERATOR, "1.00", True),
])  # fmt: skip
def test_a_member_starts_what_the_cap_allows(states: States, role: Role, cap: str | None, may: bool) -> None:
    made = save(states.asleep(), ANNA, document_of(Deployment.objects.get()), member_cap_usd=cap)
    ben = Actor(None, "Ben", SCOPES[role], Via.PAGE)
    if may:
        assert requests.start(made, actor=ben, until=None).pk
    else:
        with pytest.raises(Refused, match=r"costs about \$1\d\.\d\d, and members may .* \$1.00 at most"):
            requests.start(made, actor=ben, until=None)


def test_only_an_admin_saves(states: States) -> None:
    operator = Actor(None, "Ben", frozenset({Scope.READ, Scope.OPERATE}), Via.API)
    made = states.asleep()
    with pytest.raises(Refused, match="needs an admin"):
        save(made, operator, document_of(made), max_num_seqs=16)
