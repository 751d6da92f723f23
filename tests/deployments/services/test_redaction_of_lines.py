"""Lines as they are stored: without secrets, one state of a progress bar, in order, once."""

from datetime import UTC, datetime, timedelta

import pytest

from deployments.models import Account, Deployment, LogLine, Run
from deployments.planning.presets import GLM_5_2_FP8
from deployments.providers.base import LogEntry
from deployments.services import logs

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRETS = [
    ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
    ("args: {'api_key': ['sk-engine'], 'port': 8000}", "sk-engine"),
    ("vllm serve x --api-key sk-engine --port 8000", "sk-engine"),
    ("vllm serve x --api-key=sk-engine", "sk-engine"),
    ("token hf_abcdefghijklmnopqrstuvwx is invalid", "hf_abcdefghijklmnopqrstuvwx"),
    ("key pl_abcdEFGH1234_5678-x", "pl_abcdEFGH1234_5678-x"),
    ("ak-AbCdEfGhIjKlMnOpQr", "ak-AbCdEfGhIjKlMnOpQr"),
    ("as-AbCdEfGhIjKlMnOpQr", "as-AbCdEfGhIjKlMnOpQr"),
    ("proxy wk-AbCdEfGhIjKlMnOpQr", "wk-AbCdEfGhIjKlMnOpQr"),
    ("proxy ws-AbCdEfGhIjKlMnOpQr", "ws-AbCdEfGhIjKlMnOpQr"),
    ("key sk-AbCdEfGh_JkLmN-Pq- is wrong", "sk-AbCdEfGh"),
    ("Modal-Secret: short", "short"),
    ("VLLM_API_KEY=plain HOME=/root", "plain"),
    ("HF_TOKEN=plain", "plain"),
    ("https://anna:hunter2@example.org/x", "hunter2"),
    ("the known-one is spoken", "known-one"),
    ("the known\x00-one is spoken", "known-one"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_is_stored(text, secret):
    line = logs.clean(logs.redact(text, ["known-one", ""]))
    assert secret not in line
    assert "***" in line


@pytest.mark.parametrize(
    "text",
    [
        "INFO 11-24 03:00:00 [model.py:33] Resolved architecture: GlmMoeDsaForCausalLM",
        "Avg prompt throughput: 12.0 tokens/s, KV cache usage: 3.1%",
        "task-AbCdEfGhIjKlMnOpQrSt is-no-secret max_tokens=12",
    ],
)
def test_ordinary_lines_stay_as_they_are(text):
    assert logs.redact(text, []) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain\r\n", "plain"),
        ("10%\r50%\r100%", "100%"),
        ("10%\r50%\r", "50%"),
        ("nu\x00l", "nul"),
        ("x" * 9000, "x" * logs.LINE_LIMIT),
    ],
)
def test_one_storable_line(text, line):
    assert logs.clean(text) == line


@pytest.fixture
def deployment(db):
    account = Account.objects.create(name="Cloud", engine_key="sk-own", token_secret="sk-own-longer")
    return Deployment.objects.create(slug="glm", name="GLM", account=account, config=GLM_5_2_FP8.to_json())


def entry(text, second=0, container="ta-1"):
    return LogEntry(AT + timedelta(seconds=second), text, container)


def stored(deployment):
    return [line.text for line in logs.lines(deployment)]


def test_an_overlapping_read_stores_nothing_twice(deployment):
    logs.take_in(deployment, [entry("a"), entry("b", 1)], {})
    new = logs.take_in(deployment, [entry("a"), entry("b", 1), entry("c", 2)], {})
    assert [e.text for e, _ in new] == ["c"]
    assert stored(deployment) == ["a", "b", "c"]


def test_the_same_words_at_another_time_or_of_another_container_are_another_line(deployment):
    logs.take_in(deployment, [entry("a"), entry("a", 1), entry("a", 0, "ta-2"), entry("a")], {})
    assert stored(deployment) == ["a", "a", "a"]


def test_lines_are_kept_in_the_order_of_time_and_of_speech(deployment):
    new = logs.take_in(deployment, [entry("c", 2), entry("a"), entry("b"), entry("  ")], {})
    assert [e.text for e, _ in new] == ["a", "b", "c"]
    assert stored(deployment) == ["a", "b", "c"]


def test_a_late_line_is_taken_in_after_all(deployment):
    logs.take_in(deployment, [entry("late is the other", 9)], {})
    assert [e.text for e, _ in logs.take_in(deployment, [entry("it came late", 3)], {})] == ["it came late"]


def test_lines_find_their_run_and_lose_the_accounts_secrets(deployment):
    run = Run.objects.create(
        account=deployment.account, deployment=deployment, number=1, container_id="ta-1", cause="lease",
        first_seen_at=AT,
    )  # fmt: skip
    logs.take_in(deployment, [entry("with sk-own-longer and sk-own")], {"ta-1": run})
    line = LogLine.objects.get()
    assert (line.run_id, line.text) == (run.pk, "with *** and ***")
