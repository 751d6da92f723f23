"""`GET /v1/models`: answered by the panel; no server is touched."""

import json
from collections.abc import Sequence

from deployments.public import Route

from .routing import model_ids

_OWNER = "pilotlight"


def model_list(routes: Sequence[Route]) -> bytes:
    """The list in OpenAI's shape, with deployment, state and state sentence beside each model."""
    return json.dumps(
        {
            "object": "list",
            "data": [_model(route, name) for route, name in zip(routes, model_ids(routes), strict=True)],
        }
    ).encode()


def _model(route: Route, name: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": _OWNER,
        "deployment": route.slug,
        "state": route.state.value,
        "sentence": route.sentence,
    }
