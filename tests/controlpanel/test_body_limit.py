"""Bodies that are too large never reach Django."""

from typing import Any

import pytest

from controlpanel.asgi import application

MIB = 1024 * 1024


async def post(path: str, pieces: list[bytes], announced: int | None = None) -> tuple[int, bytes, int]:
    """Status, body, and how many pieces were read."""
    length = [] if announced is None else [(b"content-length", str(announced).encode())]
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "headers": [(b"host", b"127.0.0.1"), *length],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        if read == len(pieces):
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": pieces[read - 1], "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    status = sent[0]["status"] if sent else 0
    return status, b"".join(one.get("body", b"") for one in sent), read


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere/", "/deployments/a/chat/b/draft/"])
async def test_an_announced_length_is_refused_before_a_byte_is_read(path: str) -> None:
    status, body, read = await post(path, [b"x"], announced=5 * 1024 * MIB)
    assert (status, read) == (413, 0)
    assert b"At most 10 MiB" in body


async def test_an_unannounced_body_is_refused_when_it_has_come_too_far() -> None:
    status, body, read = await post("/accounts/login/", [b"x" * MIB] * 100)
    assert (status, read) == (413, 11)
    assert b"too large" in body


async def test_programs_hear_it_in_the_shape_of_the_api() -> None:
    status, body, _ = await post("/api/v1/deployments", [], announced=11 * MIB)
    assert status == 413
    assert body.startswith(b'{"code": "too_large"')


@pytest.mark.parametrize("path", ["/deployments/a/chat/attach/", "/deployments/a/chat/b/attach/"])
async def test_files_of_a_question_may_be_larger(path: str) -> None:
    status, _, read = await post(path, [b"x" * MIB] * 20, announced=48 * MIB)
    assert (status, read) == (0, 20)  # the client left, and nobody stopped it
    assert (await post(path, [], announced=49 * MIB))[0] == 413
