"""Values that nobody means: refused by name, or saved as a draft that can still be opened and mended."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.planning.power import Role
from tests.deployments.pages.states import States

from .callers import Caller, ok

pytestmark = pytest.mark.django_db
ONE = "/deployments/asleep"
DIGITS = "9" * 400
REFUSED: list[tuple[str, str]] = [
    ('{"config":{"max_model_len":%s}}' % DIGITS, "config.max_model_len"),
    ('{"config":{"speculative":{"method":"mtp","num_speculative_tokens":1e999}}}', "config.speculative"),
    ('{"config":{"speculative":{"method":%s}}}' % ("[" * 500 + "]" * 500), "config.speculative"),
    ('{"config":{"image":{"reference":["vllm"]}}}', "config.image"),
    ('{"member_cap_usd":"NaN"}', "member_cap_usd"),
]
DRAFTS: list[tuple[dict[str, Any], str]] = [
    ({"extra_flags": ["--max-num-batched-tokens", DIGITS + "k"]}, "wrong-type"),
    ({"extra_flags": ["--compilation-config", "[" * 9000]}, "wrong-type"),
    ({"extra_flags": ["--pipeline-parallel-size", "9" * 5000]}, "wrong-type"),
    ({"engine_version": "9" * 5000}, "nearest-catalogue"),
    ({"gpu_type": "H200:²"}, "gpu-type"),
    ({"gpu_type": "H200:" + "9" * 5000}, "gpu-type"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_what_cannot_be_a_value_is_refused_by_name(
    body: str, field: str, caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    answer = caller(Role.ADMIN)("patch", ONE, body)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])


@pytest.mark.parametrize(("config", "code"), DRAFTS)
def test_a_draft_that_is_wrong_can_be_judged(
    config: dict[str, Any], code: str, caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    ok(admin("patch", ONE, {"config": config}), 200)
    assert code in [one["code"] for one in admin.post(f"{ONE}/preflight", status=200)["findings"]]
