"""Two at the same moment: an admin is left, and an invitation lets one in."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from controlpanel.models import Invitation, User
from controlpanel.people.changing import change_role, deactivate
from controlpanel.people.inviting import come_in
from controlpanel.roles import actor_for, give_role, role_of
from deployments.planning.power import Role, Via
from deployments.public import Refused

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Begin all of them together; what each gave, or the refusal."""
    ready, found = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            ready.wait(timeout=10)
            found.append(act())
        except Refused as refusal:
            found.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


def test_two_admins_who_put_out_each_other_leave_one() -> None:
    people = [User.objects.create_user(name) for name in ("anna", "ben")]
    for one in people:
        give_role(one, Role.ADMIN)
    anna, ben = people
    by_anna, by_ben = (actor_for(one, via=Via.PAGE) for one in people)
    assert by_anna
    assert by_ben
    found = at_once(
        lambda: deactivate(ben, actor=by_anna), lambda: change_role(anna, Role.VIEWER, actor=by_ben)
    )
    assert sorted(map(str, found)) == ["None", "last_admin"]
    assert [role_of(one) for one in User.objects.all()].count(Role.ADMIN) == 1


def test_one_link_lets_one_of_two_in() -> None:
    now = timezone.now()
    invitation, _ = Invitation.objects.make(
        role=Role.MEMBER, whom="", email="", by=None, now=now, expires_at=now + timedelta(days=1)
    )
    found = at_once(
        *(
            lambda name=name: come_in(invitation, User(username=name), address=None, now=now)  # type: ignore[misc]
            for name in ("anna", "ben")
        )
    )
    assert sorted(map(bool, found)) == [False, True]
    assert User.objects.count() == 1
