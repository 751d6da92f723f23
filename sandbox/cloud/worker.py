"""Runs a deployed function: starts a web server and stays, or takes one input and gives its result."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast


def run(task: dict[str, Any]) -> int:
    """Do the task; gives the exit code. `task`: module, function, web, events_fd, server_url, token."""
    events = os.fdopen(task["events_fd"], "w", buffering=1)
    os.set_inheritable(events.fileno(), False)
    _identify(task["server_url"], task["token"])
    function = _load(task["module"], task["function"])
    _say(events, "imported")
    if task["web"]:
        function()
        _say(events, "called")
        while True:
            signal.pause()
    call = json.loads(sys.stdin.readline() or "null")
    if call is None:
        return 0
    _say(events, "called")
    _give(_outcome(function, call), Path(call["result_path"]))
    _say(events, "ended")
    return 0


def _identify(server_url: str, token: list[str]) -> None:
    """Let the SDK speak for this container: by a token that is in no environment variable."""
    from modal.client import _Client
    from modal_proto import api_pb2

    async def from_env(cls: Any, _override_config: Any = None) -> Any:
        if cls._client_from_env is None:
            client = cls(server_url, api_pb2.CLIENT_TYPE_CLIENT, tuple(token))
            await client._open()
            cls._client_from_env = client
        return cls._client_from_env

    patched: Any = _Client
    patched.from_env = classmethod(from_env)


def _load(module: str, name: str) -> Callable[..., Any]:
    """The plain function behind a name of the module, without Modal's wrapper."""
    from modal._runtime.task_lifecycle_manager import _TaskLifecycleManager
    from modal._utils.async_utils import synchronizer

    # What modal.is_local() looks at: in a container it is set, and so modules can tell where they are.
    _TaskLifecycleManager._singleton = cast(Any, object())
    sys.path.insert(0, os.getcwd())
    loaded: Any = importlib.import_module(module)
    for part in name.split("."):
        loaded = getattr(loaded, part)
    translate: Any = synchronizer._translate_in
    raw = translate(loaded)._raw_f
    if not callable(raw):
        raise TypeError(f"{module}.{name} is not a function")
    return cast(Callable[..., Any], raw)


def _outcome(function: Callable[..., Any], call: dict[str, Any]) -> dict[str, Any]:
    """The result of one input, or its exception, serialized the way the SDK reads it."""
    from modal._serialization import deserialize_data_format, serialize, serialize_data_format

    try:
        args, kwargs = deserialize_data_format(bytes.fromhex(call["args"]), call["data_format"], None)
        value = function(*args, **kwargs)
        return {"ok": True, "data": serialize_data_format(value, call["data_format"]).hex()}
    except BaseException as error:
        text = traceback.format_exc()
        sys.stderr.write(text)
        try:
            data = serialize(error).hex()
        except Exception:
            data = ""
        return {"ok": False, "exception": repr(error), "traceback": text, "data": data}


def _give(outcome: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(outcome))


def _say(events: Any, what: str) -> None:
    events.write(json.dumps({"event": what}) + "\n")
    events.flush()
