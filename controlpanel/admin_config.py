"""Puts the panel's own admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class PanelAdminConfig(AdminConfig):
    """Listed in INSTALLED_APPS instead of `django.contrib.admin`."""

    default_site = "controlpanel.admin_site.PanelAdminSite"
