import logging

import pytest
import structlog
from django.conf import settings

from controlpanel.redaction import redact, redact_text

SECRETS = [
    ("key pl_abcdEFGH1234 was used", "pl_abcdEFGH1234"),
    ("as-AbCdEfGhIjKlMnOpQr", "as-AbCdEfGhIjKlMnOpQr"),
    ("Modal-Secret: ws-x", "ws-x"),
    ("Authorization: Bearer abc.def", "abc.def"),
    ("postgresql://anna:hunter2@db/panel", "hunter2"),
    ("GET /accounts/link/tokentoken/", "tokentoken"),
    ("MODAL_TOKEN_SECRET=xyz in the environment", "xyz"),
    ("hf_abcdefghijklmnopqrstuv", "hf_abcdefghijklmnopqrstuv"),
    ("refused: sk-AbCd_fgh-JkLmNoPq", "sk-AbCd_fgh-JkLmNoPq"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_taken_out_of_text(text: str, secret: str) -> None:
    assert secret not in redact_text(text)


@pytest.mark.parametrize(
    "name",
    ["token_secret", "password", "Authorization", "x-api-key", "Modal-Secret", "HF_TOKEN", "sessioncookie"],
)
def test_values_under_a_secret_name_go_whole(name: str) -> None:
    assert redact({"outer": [{name: "harmless looking"}]}) == {"outer": [{name: "[hidden]"}]}


@pytest.mark.parametrize(
    "text",
    ["prompt_tokens=12", "keyboard", "https://panel.example.org/deployments/glm-5-2-fp8/", "max_tokens"],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact({"prompt_tokens": text}) == {"prompt_tokens": text}


def test_a_logged_line_carries_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    formatter = settings.LOGGING["formatters"]["line"]
    line = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
    )
    record = logging.LogRecord("x", logging.INFO, "", 0, "called with %s", ("pl_abcdEFGH1234",), None)
    text = line.format(record)
    assert "pl_abcdEFGH1234" not in text
    assert "called with [hidden]" in text
