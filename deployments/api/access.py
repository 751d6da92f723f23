"""Who may call what, and which deployments are there for them."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

from deployments.models import Deployment
from deployments.planning.power import Actor, Scope
from deployments.services import status
from deployments.services.errors import not_allowed, not_found

View = Callable[..., Any]


class ApiRequest(HttpRequest):
    """What an operation is given: the REST root has found out who calls."""

    auth: Actor
    still_allowed: Callable[[], bool]  # asks anew whether the caller may read, for answers that last


def needs(scope: Scope) -> Callable[[View], View]:
    """The decorator of every operation: somebody without `scope` gets a 403 before anything is read."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ApiRequest, *args: Any, **kwargs: Any) -> Any:
            demand(request.auth, scope)
            return view(request, *args, **kwargs)

        @wraps(view)
        async def async_guarded(request: ApiRequest, *args: Any, **kwargs: Any) -> Any:
            demand(request.auth, scope)
            return await view(request, *args, **kwargs)

        made: View = async_guarded if iscoroutinefunction(view) else guarded
        contribute_operation_callback(made, partial(_document, scope))
        return made

    return decorate


def _document(scope: Scope, operation: Operation) -> None:
    """Says in the OpenAPI document what an operation needs."""
    operation.description = f"{operation.description or ''}\n\nNeeds the scope `{scope}`.".strip()
    operation.openapi_extra = {**(operation.openapi_extra or {}), "x-scope": scope.value}


def demand(actor: Actor, scope: Scope, slug: str | None = None) -> None:
    """Raise Refused 403 where the actor lacks `scope` (there)."""
    if not actor.may(scope, slug):
        raise not_allowed(
            f"This needs the scope {scope.value}: use a key that has it, whose owner's role includes it."
        )


def deployment_of(request: ApiRequest, slug: str) -> Deployment:
    """The deployment with its account and releases. Refused 404 where there is none or it is not the
    actor's to see."""
    rows = status.visible(request.auth).select_related("account", "owner", "current_release", "live_release")
    deployment = rows.filter(slug=slug).first()
    if deployment is None:
        raise not_found(f"The deployment {slug}")
    return deployment
