"""The addresses of the gateway's pages."""

from django.urls import path

from .keys import key_list, new_key, revoke

app_name = "gateway"

urlpatterns = [
    path("keys/", key_list, name="keys"),
    path("keys/new/", new_key, name="new-key"),
    path("keys/<int:key_id>/revoke/", revoke, name="revoke-key"),
]
