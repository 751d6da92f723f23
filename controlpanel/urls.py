"""Every address of the panel but `/v1/`, which is the gateway's (see asgi.py)."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
