"""The NinjaAPI of `/api/v1/`."""

from ninja import NinjaAPI
from ninja.operation import Operation

from controlpanel.oncall.rest import router as oncall
from deployments.api.router import router as deployments
from gateway.api import router as keys
from gateway.usage_api import router as usage

from . import problems, users
from .callers import Key, Session
from .once import once
from .wire import Reader, Renderer

DESCRIPTION = """Times are RFC 3339 in UTC, money is decimal text in US dollars, durations are seconds.
Lists are `{"items": [...], "next": cursor or null}`; errors are `{"code", "message", "fields"}`.
Reading needs the scope `read`; what changes something names its scope."""


class RestAPI(NinjaAPI):
    """One operation is one function: its name is its id."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Such as `get_status`."""
        return str(operation.view_func.__name__)


api = RestAPI(
    title="Pilotlight",
    version="1",
    description=DESCRIPTION,
    openapi_url=None,
    urls_namespace="rest",
    auth=[Key(), Session()],
    renderer=Renderer(),
    parser=Reader(),
)
problems.handle(api)
api.add_decorator(once, mode="view")
for _router in (deployments, keys, usage, users.router, oncall):
    api.add_router("", _router)
