"""Memory by REST."""

from collections.abc import Callable

import pytest

from deployments.models import ModelConfig
from deployments.planning.power import Role
from tests.deployments.pages.states import States
from tests.deployments.planning.memory.families import config_of
from tests.deployments.planning.memory.shapes import GLM_5_2

from .callers import Caller

Calls = Callable[..., Caller]
RECIPE = {
    "config": GLM_5_2, "gpu": "H200", "count": 8, "max_model_len": 131072, "kv_cache_dtype": "fp8",
    "drafting": True, "eager": True, "checkpoint_gib": 703.74,
}  # fmt: skip


def test_any_model_is_counted_from_its_config(caller: Calls) -> None:
    ask = caller(Role.VIEWER)
    found = ask.post("/memory", RECIPE, status=200)
    assert (found["architecture"], found["format"]) == ("GlmMoeDsaForCausalLM", "fp8")
    assert found["fit"]["weights_gib"] == pytest.approx(94.46, rel=0.03)
    assert found["fit"]["cache_tokens"] == pytest.approx(516_000, rel=0.03)
    assert found["fit"]["fits"]
    assert found["remedies"] == []
    assert found["assumed"]
    long = ask.post("/memory", RECIPE | {"max_model_len": 1_000_000}, status=200)
    assert [one["field"] for one in long["remedies"]] == ["max_model_len"]
    assert not ModelConfig.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"gpu": "abacus"}, "gpu"),
        ({"count": 7}, "count"),
        ({"config": GLM_5_2 | {"vocab_size": "x"}}, "config.vocab_size"),
        ({"config": {}}, "config.num_hidden_layers"),
        ({"memory_share": 2}, "memory_share"),
        ({"mystery": 1}, "mystery"),
    ],
)
def test_what_is_wrong_is_named(caller: Calls, change: dict[str, object], field: str) -> None:
    refused = caller(Role.VIEWER).post("/memory", RECIPE | change, status=422)
    assert field in refused["fields"]


def test_formats_of_a_deployment_and_a_config_that_is_kept(caller: Calls, states: States) -> None:
    made = states.asleep()
    admin = caller(Role.ADMIN)
    found = admin.get("/deployments/asleep/formats?requests=3")
    own = [one for one in found["cells"] if one["own_format"] and one["fits"]]
    assert [(one["gpu"], one["count"]) for one in own] == [("H200", 8), ("B200", 8)]
    assert found["options"][0]["usd_per_hour"] <= found["options"][-1]["usd_per_hour"]
    assert found["measured"] == []
    made.config = made.config | {"model": "somebody/llama", "checkpoint_gib": None}
    made.save(update_fields=["config"])
    assert admin("get", "/deployments/asleep/formats").status_code == 409
    llama = {"config": config_of("Llama 3.1 8B")}
    assert admin("put", "/deployments/asleep/model-config", llama).status_code == 204
    assert admin.get("/deployments/asleep/formats")["options"][0]["count"] == 1
    assert admin("delete", "/deployments/asleep/model-config").status_code == 204
    assert not ModelConfig.objects.exists()
