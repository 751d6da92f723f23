"""Keys: what they hold, who may make them, when they open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from controlpanel.models import User
from controlpanel.roles import give_role
from deployments.models import Action
from deployments.planning.power import ROLE_SCOPES, Actor, Role, Scope, Via
from gateway.expiry import parse_expiry
from gateway.key_errors import KeyRefused
from gateway.keys import create_key, list_keys, revoke_key
from gateway.models import ApiKey
from gateway.public import actor_for_key

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
Person = Callable[..., User]


def acting(user: User, role: Role = Role.MEMBER, **changes: Any) -> Actor:
    fields: dict[str, Any] = {"scopes": ROLE_SCOPES[role], "via": Via.PAGE} | changes
    return Actor(user_id=user.pk, name=user.display_name, **fields)


def make(user: User, role: Role = Role.MEMBER, **changes: Any) -> tuple[ApiKey, str]:
    fields: dict[str, Any] = {
        "actor": acting(user, role),
        "owner": user,
        "name": "laptop",
        "scopes": ["read", "chat"],
        "now": NOW,
    }
    return create_key(**fields | changes)


def test_secret_is_long_random_and_kept_nowhere(person: Person) -> None:
    user = person()
    key, secret = make(user)
    assert secret.startswith("pl_")
    assert len(secret) == 46  # 3 + 43 characters of base64 for 32 bytes
    assert secret != make(user)[1]
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert secret not in str(stored)
    assert stored["prefix"] == secret[:9]
    assert secret not in repr(key) + str(key)


def test_key_acts_for_its_owner(person: Person) -> None:
    user = person()
    key, secret = make(user, deployments=["glm-5-2-fp8"])
    actor = actor_for_key(secret, via=Via.API, address="192.0.2.1", now=NOW)
    assert actor == Actor(
        user_id=user.pk,
        name="anna",
        scopes=frozenset({Scope.READ, Scope.CHAT}),
        via=Via.API,
        key_id=key.pk,
        address="192.0.2.1",
        deployments=frozenset({"glm-5-2-fp8"}),
    )


def test_key_loses_what_its_owner_loses(person: Person) -> None:
    user = person(role=Role.ADMIN)
    _, secret = make(user, Role.ADMIN, scopes=["read", "operate", "admin"])
    give_role(user, Role.OPERATOR)
    actor = actor_for_key(secret, via=Via.API, now=NOW)
    assert actor is not None
    assert actor.scopes == {Scope.READ, Scope.OPERATE}


def test_superuser_counts_as_admin(person: Person) -> None:
    user = person(role=None, is_superuser=True)
    _, secret = make(user, Role.ADMIN, scopes=["admin"])
    actor = actor_for_key(secret, via=Via.API, now=NOW)
    assert actor is not None
    assert actor.may(Scope.ADMIN)


@pytest.mark.parametrize("change", [{"is_active": False}, {"no_group": True}])
def test_key_of_somebody_without_power_opens_nothing(person: Person, change: dict[str, bool]) -> None:
    user = person()
    _, secret = make(user)
    assert actor_for_key(secret, via=Via.API, now=NOW) is not None
    if "is_active" in change:
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        user.groups.clear()
    assert actor_for_key(secret, via=Via.API, now=NOW) is None


def test_expired_key_opens_nothing(person: Person) -> None:
    _, secret = make(person(), expires_at=NOW + timedelta(hours=1))
    assert actor_for_key(secret, via=Via.API, now=NOW + timedelta(minutes=59)) is not None
    assert actor_for_key(secret, via=Via.API, now=NOW + timedelta(hours=1)) is None


def test_revoked_key_opens_nothing_and_stays_revoked(person: Person) -> None:
    user = person()
    key, secret = make(user)
    revoke_key(key.pk, actor=acting(user), now=NOW)
    again = revoke_key(key.pk, actor=acting(user), now=NOW + timedelta(days=1))
    assert again.revoked_at == NOW
    assert actor_for_key(secret, via=Via.API, now=NOW) is None


def test_unknown_key_opens_nothing(person: Person) -> None:
    make(person())
    assert actor_for_key("pl_unknown", via=Via.API, now=NOW) is None


def test_use_is_noted_at_most_once_a_minute(person: Person) -> None:
    key, secret = make(person())
    for seconds in (0, 59):
        actor_for_key(secret, via=Via.API, now=NOW + timedelta(seconds=seconds))
    key.refresh_from_db()
    assert key.last_used_at == NOW
    actor_for_key(secret, via=Via.API, now=NOW + timedelta(seconds=61))
    key.refresh_from_db()
    assert key.last_used_at == NOW + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "fly"]}, "scopes"),
        ({"deployments": []}, "deployments"),
        ({"deployments": ["UPPER"]}, "deployments"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": datetime(2027, 1, 1)}, "expires_at"),  # noqa: DTZ001 - a time without zone is the point
        ({"when_asleep": "dream"}, "when_asleep"),
        ({"when_asleep": "hold"}, "when_asleep"),  # without the scope wake
        ({"hold_limit_s": 60}, "hold_limit_s"),  # nothing is held
        ({"scopes": ["chat", "wake"], "hold_limit_s": 4}, "hold_limit_s"),
        ({"scopes": ["chat", "wake"], "hold_limit_s": 3601}, "hold_limit_s"),
    ],
)
def test_wrong_field_is_named(person: Person, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        make(person(), **changes)
    assert refused.value.status == 422
    assert set(refused.value.fields) == {field}
    assert not ApiKey.objects.exists()


def test_all_wrong_fields_are_named_at_once(person: Person) -> None:
    with pytest.raises(KeyRefused) as refused:
        make(person(), name="", scopes=[])
    assert set(refused.value.fields) == {"name", "scopes"}


@pytest.mark.parametrize(
    ("scopes", "chosen", "becomes"),
    [
        (["chat"], None, "refuse"),
        (["chat", "wake"], None, "hold"),
        (["chat", "wake"], "answer", "answer"),
        (["chat", "wake"], "refuse", "refuse"),
    ],
)
def test_key_that_may_wake_holds_unless_told_otherwise(
    person: Person, scopes: list[str], chosen: str | None, becomes: str
) -> None:
    key, _ = make(person(), scopes=scopes, when_asleep=chosen)
    assert (key.when_asleep, key.hold_limit_s) == (becomes, None)


def test_viewer_makes_no_key(person: Person) -> None:
    user = person(role=Role.VIEWER)
    with pytest.raises(KeyRefused, match="role Member") as refused:
        make(user, Role.VIEWER, scopes=["read"])
    assert refused.value.status == 403


def test_nobody_makes_a_key_beyond_their_role(person: Person) -> None:
    with pytest.raises(KeyRefused) as refused:
        make(person(), scopes=["chat", "operate"])
    assert refused.value.code == "not_allowed"
    assert "operate" in refused.value.fields["scopes"]


def test_admin_makes_no_key_beyond_the_role_of_its_owner(person: Person) -> None:
    admin, anna = person("root", Role.ADMIN), person("anna", Role.VIEWER)
    with pytest.raises(KeyRefused):
        make(anna, actor=acting(admin, Role.ADMIN), scopes=["chat"])
    key, _ = make(anna, actor=acting(admin, Role.ADMIN), scopes=["read"])
    assert key.owner == anna


def test_only_an_admin_makes_keys_for_others(person: Person) -> None:
    other, anna = person("bert", Role.OPERATOR), person("anna")
    with pytest.raises(KeyRefused, match="Only an admin"):
        make(anna, actor=acting(other, Role.OPERATOR))


def test_key_makes_no_stronger_key(person: Person) -> None:
    user = person()
    ends = NOW + timedelta(days=1)
    parent, _ = make(user, deployments=["one"], expires_at=ends)
    by_key = acting(user, scopes=frozenset({Scope.CHAT}), key_id=parent.pk, deployments=frozenset({"one"}))
    child = {"actor": by_key, "scopes": ["chat"], "deployments": ["one"], "expires_at": ends}
    assert make(user, **child)[0].deployments == ["one"]
    for stronger in (
        {"scopes": ["wake"]},
        {"deployments": None},
        {"deployments": ["one", "two"]},
        {"expires_at": None},
        {"expires_at": ends + timedelta(seconds=1)},
    ):
        with pytest.raises(KeyRefused) as refused:
            make(user, **child | stronger)
        assert set(refused.value.fields) == set(stronger)


def test_people_see_and_revoke_their_own_keys_only(person: Person) -> None:
    anna, bert, admin = person("anna"), person("bert"), person("root", Role.ADMIN)
    key, _ = make(anna)
    assert list(list_keys(acting(bert))) == []
    with pytest.raises(KeyRefused) as refused:
        revoke_key(key.pk, actor=acting(bert))
    assert refused.value.status == 404
    assert list(list_keys(acting(anna))) == [key]
    assert revoke_key(key.pk, actor=acting(admin, Role.ADMIN)).revoked_at is not None


def test_making_and_revoking_are_in_the_audit_record_once_and_without_the_secret(person: Person) -> None:
    anna = person()
    key, secret = make(anna)
    for _ in range(2):
        revoke_key(key.pk, actor=acting(anna))
    lines = list(Action.objects.order_by("id").values("verb", "summary", "actor_name", "target", "details"))
    assert [(line["verb"], line["actor_name"], line["target"]) for line in lines] == [
        ("create_key", "anna", "laptop"),
        ("revoke_key", "anna", "laptop"),
    ]
    assert secret[3:] not in str(lines)


def test_reading_key_revokes_nothing(person: Person) -> None:
    anna = person()
    key, _ = make(anna)
    with pytest.raises(KeyRefused, match="role Member"):
        revoke_key(key.pk, actor=acting(anna, scopes=frozenset({Scope.READ}), key_id=key.pk))


def test_database_refuses_a_key_that_ends_before_it_begins(person: Person) -> None:
    with pytest.raises(IntegrityError):
        ApiKey.objects.create(
            owner=person(), name="x", prefix="pl_x", secret_hash="y", created_at=NOW, expires_at=NOW
        )


def test_keys_from_before_the_choice_hold_where_they_may_wake(person: Person) -> None:
    user = person()
    waker, _ = make(user, scopes=["chat", "wake"])
    chatter, _ = make(user)
    ApiKey.objects.update(when_asleep="refuse")
    import_module("gateway.migrations.0002_when_asleep").hold_where_it_may_wake(apps, None)
    assert dict(ApiKey.objects.values_list("pk", "when_asleep")) == {waker.pk: "hold", chatter.pk: "refuse"}


def run_command(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_key", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_command_prints_the_key_alone(person: Person) -> None:
    person()
    out, err = run_command("--user", "anna", "--name", "ci", "--expires", "90d", "--deployments", "a, b")
    secret = out.strip()
    assert out == secret + "\n"
    assert secret not in err
    actor = actor_for_key(secret, via=Via.API)
    assert actor is not None
    assert actor.scopes == {Scope.READ, Scope.CHAT, Scope.WAKE}
    assert actor.deployments == {"a", "b"}


def test_command_takes_what_becomes_of_requests_while_asleep(person: Person) -> None:
    person()
    run_command("--user", "anna", "--name", "ci", "--when-asleep", "hold", "--hold-limit-s", "120")
    key = ApiKey.objects.get()
    assert (key.when_asleep, key.hold_limit_s) == ("hold", 120)


def test_command_gives_a_viewer_a_key_that_reads(person: Person) -> None:
    person(role=Role.VIEWER)
    run_command("--user", "anna", "--name", "ci")
    assert ApiKey.objects.get().scopes == ["read"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--user", "nobody"], "nobody of this user name"),
        (["--user", "anna", "--scopes", "fly"], "no scope fly"),
        (["--user", "anna", "--scopes", "admin"], "never has more power"),
        (["--user", "anna", "--expires", "soon"], "Write the expiry"),
    ],
)
def test_command_says_what_is_wrong(person: Person, args: list[str], says: str) -> None:
    person()
    with pytest.raises(CommandError, match=says):
        run_command("--name", "ci", *args)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (None, None),
        ("12h", NOW + timedelta(hours=12)),
        ("90d", NOW + timedelta(days=90)),
        ("2w", NOW + timedelta(days=14)),
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2027-01-01T10:00:00+02:00", datetime(2027, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_expiry_is_read_as_written(text: str | None, at: datetime | None) -> None:
    assert parse_expiry(text, now=NOW) == at


def test_expiry_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(KeyRefused):
        parse_expiry("99999w", now=datetime(9000, 1, 1, tzinfo=UTC))
