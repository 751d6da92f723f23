"""What the commands that name a deployment share."""

from django.core.management.base import CommandError

from deployments.models import Deployment


def deployment_named(slug: str) -> Deployment:
    """The deployment. Raises CommandError that names those there are."""
    rows = Deployment.objects.select_related("account", "current_release", "live_release")
    deployment = rows.filter(slug=slug).first()
    if deployment is None:
        known = ", ".join(Deployment.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(f"slug: {slug!r} is no deployment. There is: {known}.")
    return deployment
