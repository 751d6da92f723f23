"""`manage.py export_spec SLUG`: what `modal deploy` needs to do without the panel."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.planning.spec import SpecError
from deployments.providers.rendering import spec_document
from deployments.services.facts import spec_of

from ._deployments import deployment_named


class Command(BaseCommand):
    """Prints the document that modal_app.py reads from PILOTLIGHT_SPEC. It holds no secret."""

    help = (
        "Print the spec of a deployment as modal_app.py reads it. "
        'PILOTLIGHT_SPEC="$(manage.py export_spec SLUG)" modal deploy deployments/providers/modal_app.py '
        "then deploys it without the panel."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The slug, and a release other than the current one."""
        parser.add_argument("slug")
        parser.add_argument(
            "--release", type=int, help="the number of a release; default: what a start would use"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one line of JSON to stdout."""
        deployment = deployment_named(options["slug"])
        number = options["release"]
        release = deployment.releases.filter(number=number).first() if number else deployment.current_release
        if number and release is None:
            raise CommandError(f"--release: {deployment.slug} has no release {number}.")
        try:
            spec = type(spec_of(deployment)).from_json(release.spec if release else deployment.config)
        except SpecError as error:
            raise CommandError(str(error)) from error
        document = spec_document(spec, slug=deployment.slug, release=release.number if release else 1)
        self.stdout.write(document if isinstance(document, str) else json.dumps(document))
