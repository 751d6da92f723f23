"""What is deployed at the provider: the one file that runs there, and the document that it reads."""

import json
from dataclasses import dataclass

from deployments.models import Deployment
from deployments.planning.spec import Spec, SpecError
from deployments.providers import rendering


@dataclass(frozen=True, slots=True)
class Definition:
    """`source` is the module's text, `document` the JSON it is given, `command` what deploys both by hand."""

    source: str
    document: str
    command: str


def definition_of(deployment: Deployment, spec: Spec) -> Definition | None:
    """Of the release that the next start would use; None where the spec cannot be rendered."""
    release = deployment.current_release
    try:
        document = rendering.spec_document(spec, deployment.slug, release.number if release else 1)
    except SpecError:
        return None
    command = (
        f'PILOTLIGHT_SPEC="$(python manage.py export_spec {deployment.slug})" \\\n'
        "  modal deploy deployments/providers/modal_app.py"
    )
    return Definition(rendering.module_source(), json.dumps(document, indent=2, ensure_ascii=False), command)
