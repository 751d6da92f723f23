"""The small routes: health, version, load, metrics, models, tokenize."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from sandbox.engine.errors import invalid, shown
from sandbox.engine.plan import room_for
from sandbox.engine.routes.reading import read_chat
from sandbox.engine.routes.state import new_id, state_of
from sandbox.engine.routes.wire import answer, read_body
from sandbox.engine.tokens import pieces, token_ids

METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


async def health(request: web.Request) -> web.Response:
    """200 and nothing while the engine lives, 503 once it is dead."""
    return web.Response(status=503 if state_of(request).engine.dead else 200)


async def version(request: web.Request) -> web.Response:
    """The version the stand-in plays."""
    return answer({"version": state_of(request).settings.version})


async def load(request: web.Request) -> web.Response:
    """Requests being served, where --enable-server-load-tracking counts them."""
    return answer({"server_load": state_of(request).load})


async def metrics(request: web.Request) -> web.Response:
    """Prometheus's page."""
    state = state_of(request)
    state.metrics.show_load(state.engine.running, state.engine.waiting, state.engine.cache_use)
    return web.Response(body=state.metrics.text().encode(), headers={"Content-Type": METRICS_TYPE})


async def models(request: web.Request) -> web.Response:
    """The served names."""
    settings = state_of(request).settings
    now = int(time.time())
    rows = [
        {
            "id": name,
            "object": "model",
            "created": now,
            "owned_by": "vllm",
            "root": settings.model,
            "parent": None,
            "max_model_len": settings.max_model_len,
            "permission": [_permission(now)],
        }
        for name in settings.served_names
    ]
    return answer({"object": "list", "data": rows})


async def tokenize(request: web.Request) -> web.Response:
    """The tokens of a text or of a chat's prompt."""
    state = state_of(request)
    body = await read_body(request)
    state.model_name(body.get("model"))
    parts = _parts(body, request)
    return answer(
        {
            "count": len(parts),
            "max_model_len": state.settings.max_model_len,
            "tokens": token_ids(parts),
            "token_strs": parts if body.get("return_token_strs") else None,
        }
    )


async def empty_object(request: web.Request) -> web.Response:
    """`/kv_event_sources`: none."""
    return answer({})


def _parts(body: dict[str, Any], request: web.Request) -> list[str]:
    settings = state_of(request).settings
    if isinstance(body.get("messages"), list):
        parts = read_chat(body, settings).prompt()
    elif isinstance(body.get("prompt"), str):
        parts = pieces(body["prompt"])
    else:
        raise invalid("missing", "body.prompt", "Field required", shown(body))
    room_for(parts, settings.max_model_len + 1)
    return parts


def _permission(now: int) -> dict[str, Any]:
    allowed = {"allow_sampling", "allow_logprobs", "allow_view"}
    names = (
        "allow_create_engine",
        "allow_sampling",
        "allow_logprobs",
        "allow_search_indices",
        "allow_view",
        "allow_fine_tuning",
    )
    head = {"id": new_id("modelperm-"), "object": "model_permission", "created": now}
    tail = {"organization": "*", "group": None, "is_blocking": False}
    return head | {name: name in allowed for name in names} | tail
