"""Every address of the panel but `/v1/`, which is the gateway's (see asgi.py)."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from .health import healthz, readyz
from .people.link import one_time_link
from .people.profile import profile
from .people.sign_in import SignInView
from .rest.urls import urlpatterns as rest

accounts = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("link/<str:token>/", one_time_link, name="one_time_link"),
    path("profile/", profile, name="profile"),
]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include(accounts)),
    path("admin/", admin.site.urls),
    *rest,
    path("", include("deployments.pages.urls")),
    path("", include("chat.urls")),
]
