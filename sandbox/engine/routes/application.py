"""The server: which path is whose, the key, refusals as JSON, the access log."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.engine.core import EngineDeadError
from sandbox.engine.errors import ApiError
from sandbox.engine.routes import plain
from sandbox.engine.routes.chat import chat_completions
from sandbox.engine.routes.completions import completions
from sandbox.engine.routes.messages import count_tokens, messages
from sandbox.engine.routes.responses import responses, stored_response
from sandbox.engine.routes.state import STATE, State, state_of
from sandbox.engine.routes.wire import answer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# `--api-key` guards only these; everything else is open, as on the real one.
GUARDED = ("/v1", "/v2", "/inference", "/cohere")
COUNTED = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/invocations")
MAX_BODY_BYTES = 64 * 1024 * 1024
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/health", plain.health),
    ("GET", "/ping", plain.health),
    ("POST", "/ping", plain.health),
    ("GET", "/version", plain.version),
    ("GET", "/load", plain.load),
    ("GET", "/metrics", plain.metrics),
    ("GET", "/kv_event_sources", plain.empty_object),
    ("POST", "/tokenize", plain.tokenize),
    ("GET", "/v1/models", plain.models),
    ("POST", "/v1/chat/completions", chat_completions),
    ("POST", "/invocations", chat_completions),
    ("POST", "/v1/responses", responses),
    ("GET", "/v1/responses/{response_id}", stored_response),
    ("POST", "/v1/completions", completions),
    ("POST", "/v1/messages", messages),
    ("POST", "/v1/messages/count_tokens", count_tokens),
)


def build_application(state: State) -> web.Application:
    """The application around one engine."""
    application = web.Application(
        middlewares=[_refusals, _guard, _count_load], client_max_size=MAX_BODY_BYTES
    )
    application[STATE] = state
    for method, path, handler in ROUTES:
        application.router.add_route(method, path, handler)
    application.on_response_prepare.append(_on_prepare)
    return application


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        anthropic = request.path.startswith("/v1/messages")
        return answer(error.anthropic_body() if anthropic else error.body(), error.status)
    except EngineDeadError as error:
        return answer(ApiError(500, str(error), kind="InternalServerError").body(), 500)
    except web.HTTPException as error:
        return answer({"detail": error.reason}, error.status)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    keys = state_of(request).settings.api_keys
    if keys and request.path.startswith(GUARDED) and request.method != "OPTIONS":
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = [hmac.compare_digest(given.encode(), key.encode()) for key in keys]
        if scheme.lower() != "bearer" or not any(right):
            return answer({"error": "Unauthorized"}, 401)
    return await handler(request)


@web.middleware
async def _count_load(request: web.Request, handler: Handler) -> web.StreamResponse:
    state = state_of(request)
    if not state.settings.load_tracking or request.path not in COUNTED:
        return await handler(request)
    state.load += 1
    try:
        return await handler(request)
    finally:
        state.load -= 1


async def _on_prepare(request: web.Request, response: web.StreamResponse) -> None:
    """Headers as uvicorn sends them, and its line in the log."""
    response.headers["Server"] = "uvicorn"
    state = state_of(request)
    if state.settings.log_level not in ("info", "debug", "trace"):
        return
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host, port = (peer or ("127.0.0.1", 0))[:2]
    line = (
        f'{host}:{port} - "{request.method} {request.path_qs} HTTP/1.1" {response.status} {response.reason}'
    )
    state.console.uvicorn(line)
