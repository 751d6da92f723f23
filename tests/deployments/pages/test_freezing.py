"""Put everything out, and lift it again."""

from collections.abc import Callable

from django.test import Client

from deployments.models import Deployment, Freeze
from deployments.planning.power import Role

from .states import States


def test_page_names_what_would_go_out(browser: Callable[..., Client], states: States) -> None:
    made = states.ready()
    states.in_flight(made, "Grace", 2)
    states.asleep()
    page = browser().get("/freeze/").content.decode()
    main = page[page.index("<main") :]
    assert "<b>Coder</b>" in main
    assert "2 requests in flight" in main
    assert "Support drafts" not in main
    assert not Freeze.objects.exists()


def test_freeze_is_shown_on_every_page_until_an_admin_lifts_it(
    browser: Callable[..., Client], states: States
) -> None:
    states.ready()
    operator, admin = browser(Role.OPERATOR, "grace"), browser(Role.ADMIN)
    operator.post("/freeze/", {"reason": "Bill looks odd"})
    page = operator.get("/activity/").content.decode()
    assert "grace froze the panel" in page
    assert "Bill looks odd" in page
    assert "Lift the freeze" not in page
    assert operator.post("/freeze/lift/").status_code == 403
    assert "Lift the freeze" in admin.get("/").content.decode()
    admin.post("/freeze/lift/")
    assert "froze the panel" not in operator.get("/").content.decode()


def test_lifting_nothing_is_said(browser: Callable[..., Client], states: States) -> None:
    response = browser(Role.ADMIN).post("/freeze/lift/", follow=True)
    assert "Nothing is frozen." in response.content.decode()


def test_a_rollback_under_way_ends_with_the_freeze_and_the_page_says_so(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep()
    Deployment.objects.filter(pk=made.pk).update(restoring=made.current_release)
    admin = browser(Role.ADMIN)
    page = admin.get("/freeze/").content.decode()
    assert "<b>Support drafts</b>: the panel is going back" in page
    assert "it stays off when the freeze is lifted" in page
    admin.post("/freeze/")
    admin.post("/freeze/lift/")
    made.refresh_from_db()
    assert (made.restoring, made.wanted) == (None, "off")
