"""One id leads from a request through the log and the messages to what they did."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog
from celery import current_app
from django.test import Client

from controlpanel import task_messages
from controlpanel.logs import logging_config
from deployments.models import KeptError
from gateway.door.incoming import caller_request_id


@pytest.fixture
def json_lines() -> Iterator[io.StringIO]:
    """What the JSON format writes."""
    config = logging_config(debug=False, form="json")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    maker = dict(config["formatters"]["line"])
    maker.pop("()")
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**maker))
    logging.getLogger("seen").addHandler(handler)
    yield stream
    logging.getLogger("seen").removeHandler(handler)
    structlog.contextvars.clear_contextvars()


def test_each_line_is_an_object_with_the_id_and_without_secrets(json_lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="req_1")
    log = structlog.get_logger("seen")
    try:
        raise ValueError('MODAL_TOKEN_SECRET=as-0123456789abcdef00 "quoted"')
    except ValueError:
        log.exception("broke", token="hf_0123456789abcdef01", text="a\nb")
    (line,) = json_lines.getvalue().splitlines()
    said = json.loads(line)
    assert said["request_id"] == "req_1"
    assert said["level"] == "error"
    assert "as-0123456789abcdef00" not in line
    assert "hf_0123456789abcdef01" not in line
    assert "Traceback" in said["exception"]


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2", True), ("", False), ("a b", False), ("x" * 65, False), ("é", False)]
)
def test_an_answer_names_its_request_and_takes_a_sensible_name(
    given: str, kept: bool, client: Client
) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})["x-pilotlight-request-id"]
    assert (answer == given) is kept
    assert kept or answer.startswith("req_")


def test_the_door_takes_a_sensible_name() -> None:
    assert caller_request_id([(b"x-request-id", b"trace-7")]) == "trace-7"
    assert caller_request_id([(b"x-request-id", b"a\r\nb")]) == ""
    assert caller_request_id([]) == ""


@pytest.mark.django_db
def test_a_task_logs_under_the_request_that_started_it_and_its_error_is_kept() -> None:
    seen: list[dict[str, object]] = []

    @current_app.task(name="tests.fails", bind=True)
    def fails(self: object) -> None:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        raise ValueError("boom hf_0123456789abcdef01234")

    structlog.contextvars.bind_contextvars(request_id="req_7")
    headers: dict[str, object] = {}
    task_messages._mark(headers=headers)
    structlog.contextvars.clear_contextvars()
    fails.apply(headers=headers)
    assert seen[0]["request_id"] == "req_7"
    assert "request_id" not in structlog.contextvars.get_contextvars()
    kept = KeptError.objects.get()
    assert (kept.name, kept.text) == ("tests.fails", "ValueError: boom ***")
    assert headers[task_messages.SENT_AT]
