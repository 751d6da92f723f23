"""Short-lived tokens by which the panel comes in for a person."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.public import ROLE_SCOPES, Actor, Refused, Role, Scope, Via
from gateway.keys import list_keys, revoke_key
from gateway.known_key import look_up
from gateway.models import ApiKey, WhenAsleep
from gateway.models.api_key import digest
from gateway.public import actor_for_key, issue_token, revoke_token
from gateway.tokens import prune_tokens

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CHATS = frozenset({Scope.READ, Scope.CHAT, Scope.WAKE})
Person = Callable[..., User]


def issue(user: User, scopes: frozenset[Scope] = CHATS, lifetime_s: int = 600) -> str:
    return issue_token(user.pk, purpose="chat", lifetime_s=lifetime_s, scopes=scopes, now=NOW)


def test_token_acts_for_its_person_and_holds_while_a_server_wakes(person: Person) -> None:
    anna = person()
    known = look_up(digest(issue(anna)), now=NOW)
    assert known is not None
    assert (known.owner_id, known.name, known.scopes) == (anna.pk, "chat", CHATS)
    assert known.when_asleep == WhenAsleep.HOLD


def test_token_ends_by_itself(person: Person) -> None:
    secret = issue(person(), lifetime_s=60)
    assert actor_for_key(secret, via=Via.GATEWAY, now=NOW + timedelta(seconds=59)) is not None
    assert actor_for_key(secret, via=Via.GATEWAY, now=NOW + timedelta(seconds=60)) is None


def test_token_is_never_more_than_the_present_role(person: Person) -> None:
    anna = person(role=Role.OPERATOR)
    secret = issue(anna, CHATS | {Scope.OPERATE, Scope.ADMIN})
    assert ApiKey.objects.get().scopes == ["read", "chat", "wake", "operate"]
    give_role(anna, Role.VIEWER)
    actor = actor_for_key(secret, via=Via.GATEWAY, now=NOW)
    assert actor is not None
    assert actor.scopes == {Scope.READ}


@pytest.mark.parametrize("fields", [{"is_active": False}, {"role": None}, {"role": Role.VIEWER}])
def test_nobody_gets_a_token_beyond_their_role(person: Person, fields: dict[str, object]) -> None:
    with pytest.raises(Refused):
        issue(person(**fields), frozenset({Scope.CHAT}))
    assert not ApiKey.objects.exists()


def test_a_stranger_gets_no_token(db: None) -> None:
    with pytest.raises(Refused):
        issue_token(999_999, purpose="chat", lifetime_s=60, scopes=CHATS)


@pytest.mark.parametrize("lifetime_s", [0, -1, 86_401])
def test_a_token_lives_at_most_a_day(person: Person, lifetime_s: int) -> None:
    with pytest.raises(ValueError, match="lives"):
        issue(person(), lifetime_s=lifetime_s)


def test_revoked_token_opens_nothing(person: Person) -> None:
    secret = issue(person())
    for _ in range(2):
        revoke_token(secret, now=NOW)
    assert actor_for_key(secret, via=Via.GATEWAY, now=NOW) is None


def test_no_list_shows_a_token(person: Person) -> None:
    admin = person("root", Role.ADMIN)
    issue(admin)
    actor = Actor(user_id=admin.pk, name="root", scopes=ROLE_SCOPES[Role.ADMIN], via=Via.PAGE)
    assert list(list_keys(actor)) == []
    with pytest.raises(Refused):
        revoke_key(ApiKey.objects.get().pk, actor=actor)
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    assert ApiKey.objects.get().prefix not in client.get(reverse("admin:gateway_apikey_changelist")).text


def test_spent_tokens_are_pruned_and_keys_are_not(person: Person) -> None:
    anna = person()
    issue(anna, lifetime_s=60)
    revoke_token(issue(anna), now=NOW)
    living = issue(anna, lifetime_s=7200)
    key = ApiKey.objects.create(
        owner=anna, name="x", prefix="pl_x", secret_hash="y", created_at=NOW, revoked_at=NOW
    )
    assert prune_tokens(NOW + timedelta(minutes=59)) == 0
    assert prune_tokens(NOW + timedelta(minutes=62)) == 2
    assert set(ApiKey.objects.values_list("secret_hash", flat=True)) == {key.secret_hash, digest(living)}
