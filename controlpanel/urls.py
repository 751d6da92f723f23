"""Every address of the panel but `/v1/`, which is the gateway's (see asgi.py)."""

from django.contrib import admin
from django.urls import include, path

from .health import healthz, readyz
from .oncall import pages as oncall
from .oncall.prometheus import metrics
from .people import pages as people
from .people.invitation import invitation
from .people.link import one_time_link
from .people.profile import profile
from .people.sign_in import SignInView, SignOutView
from .rest.urls import urlpatterns as rest

accounts = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", SignOutView.as_view(), name="logout"),
    path("link/<str:token>/", one_time_link, name="one_time_link"),
    path("invitation/<str:token>/", invitation, name="invitation"),
    path("profile/", profile, name="profile"),
]

of_people = [
    path("", people.people, name="people"),
    path("invite/", people.invite, name="invite"),
    path("invitations/<int:invitation_id>/take-back/", people.take_back, name="take-back-invitation"),
    path("<int:person_id>/", people.person, name="person"),
    path("<int:person_id>/deactivate/", people.deactivate, name="deactivate"),
    path("<int:person_id>/reactivate/", people.reactivate, name="reactivate"),
    path("<int:person_id>/sign-in-link/", people.sign_in_link, name="make-sign-in-link"),
]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="prometheus"),
    path("on-call/", oncall.on_call, name="on-call"),
    path("on-call/state/", oncall.on_call_state, name="on-call-state"),
    path("on-call/runbooks/", oncall.runbooks, name="runbooks"),
    path("accounts/", include(accounts)),
    path("people/", include(of_people)),
    path("admin/", admin.site.urls),
    *rest,
    path("", include("gateway.pages.urls")),
    path("", include("deployments.pages.urls")),
    path("", include("chat.urls")),
]
