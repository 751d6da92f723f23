"""The addresses of the gateway's pages."""

from django.urls import path

from .connect import connect, connect_check
from .keys import key_list, new_key, revoke

app_name = "gateway"

urlpatterns = [
    path("keys/", key_list, name="keys"),
    path("keys/new/", new_key, name="new-key"),
    path("keys/<int:key_id>/revoke/", revoke, name="revoke-key"),
    path("deployments/<slug:slug>/connect/", connect, name="connect"),
    path("deployments/<slug:slug>/connect/check/", connect_check, name="connect-check"),
]
