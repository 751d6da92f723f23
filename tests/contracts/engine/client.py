"""A plain HTTP client that hides nothing: statuses, headers, raw events."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tests.contracts.engine.running import RunningEngine

TIMEOUT_S = 60


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Event:
    name: str | None
    data: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Client:
    """Requests to one engine. `key=None` sends none."""

    def __init__(self, engine: RunningEngine) -> None:
        self.engine = engine
        self.model = engine.model

    def get(self, path: str, key: str | None = "") -> Reply:
        return self.request("GET", path, None, key)

    def post(self, path: str, body: Any, key: str | None = "") -> Reply:
        return self.request("POST", path, json.dumps(body).encode(), key)

    def request(
        self, method: str, path: str, raw: bytes | None, key: str | None = "", kind: str = "application/json"
    ) -> Reply:
        with self._sent(method, path, raw, key, kind) as (_, response):
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, headers, response.read().decode())

    def chat(self, said: str | list[dict[str, Any]], **fields: Any) -> Reply:
        return self.post("/v1/chat/completions", self.chat_body(said, **fields))

    def chat_body(self, said: str | list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
        messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
        return {"model": self.model, "messages": messages, "temperature": 0, **fields}

    def stream(self, path: str, body: dict[str, Any]) -> list[Event]:
        with self.open_stream(path, body) as events:
            return list(events)

    def stream_chat(self, said: str | list[dict[str, Any]], **fields: Any) -> list[Event]:
        return self.stream("/v1/chat/completions", self.chat_body(said, stream=True, **fields))

    @contextmanager
    def open_stream(self, path: str, body: dict[str, Any]) -> Iterator[Iterator[Event]]:
        """The events of an answer; leaving the block closes the connection."""
        raw = json.dumps(body).encode()
        with self._sent("POST", path, raw, "", "application/json") as (_, response):
            assert response.status == 200, response.read()
            assert response.getheader("content-type") == "text/event-stream; charset=utf-8"
            yield _events(response)

    def metrics(self) -> dict[str, float]:
        """Every sample by its name with labels."""
        rows = [line.rsplit(" ", 1) for line in self.get("/metrics").text.splitlines() if line[:1] != "#"]
        return {name: float(value) for name, value in rows}

    def total(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return sum(value for key, value in self.metrics().items() if key.split("{")[0] == f"vllm:{name}")

    @contextmanager
    def _sent(
        self, method: str, path: str, raw: bytes | None, key: str | None, kind: str
    ) -> Iterator[tuple[http.client.HTTPConnection, http.client.HTTPResponse]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=TIMEOUT_S)
        headers = {"Content-Type": kind}
        if key is not None:
            headers["Authorization"] = f"Bearer {key or self.engine.key}"
        try:
            connection.request(method, path, raw, headers)
            yield connection, connection.getresponse()
        finally:
            connection.close()


def eventually(check: Callable[[], bool], timeout_s: float = 15) -> None:
    """Ask again until it is so; every asking is a request, so nothing spins."""
    deadline = monotonic() + timeout_s
    while not check():
        assert monotonic() < deadline, "it never became so"


def chunks(events: list[Event]) -> list[dict[str, Any]]:
    """The JSON chunks of a chat stream, which must end with [DONE]."""
    assert events[-1].data == "[DONE]"
    return [event.json for event in events[:-1]]


def _events(response: http.client.HTTPResponse) -> Iterator[Event]:
    name: str | None = None
    while line := response.readline():
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text[7:]
        elif text.startswith("data: "):
            yield Event(name, text[6:])
            name = None
