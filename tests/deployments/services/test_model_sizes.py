"""A config.json that somebody brings: read strictly, kept by an admin, used while the model is the same."""

import json
from typing import Any

import pytest
from django.utils import timezone

from deployments.models import Action, Deployment, ModelConfig, Release
from deployments.planning.power import Role
from deployments.planning.spec import Spec
from deployments.providers.base import ProviderError
from deployments.services import model_sizes
from deployments.services.errors import Refused
from deployments.services.measured import observations, own_calibration
from deployments.services.model_sizes import ModelSizes
from deployments.services.preflight import preflight
from tests.deployments.pages.states import States
from tests.deployments.planning.memory.families import config_of
from tests.fakes.provider import FakeProvider

from .conftest import actor

LLAMA = config_of("Llama 3.1 8B")
ADMIN = actor(Role.ADMIN)


@pytest.fixture
def states(db: None) -> States:
    return States(timezone.now())


@pytest.fixture
def unknown(states: States) -> Deployment:
    """A deployment whose model the panel does not know."""
    made = states.released("unknown", "Unknown")
    made.config = made.config | {"model": "somebody/llama", "checkpoint_gib": None, "speculative": None}
    made.save(update_fields=["config"])
    return made


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", "config", "is not JSON"),
        ("{", "config", "line 1"),
        ("[1]", "config", "not a JSON object"),
        ('{"a": NaN}', "config", "is not JSON"),
        ("[" * 100_000, "config", "is not JSON"),
        ("{}" + " " * 300_000, "config", "more than 256 KiB"),
        (json.dumps(LLAMA | {"_name": "a\0b"}), "config", "NUL"),
        (json.dumps(LLAMA | {"_name": "\ud800"}), "config", "JSON cannot hold"),
        ('{"a": 1e999}', "config", "JSON cannot hold"),
        (json.dumps(LLAMA | {"hidden_size": "big"}), "config.hidden_size", "whole number"),
        (json.dumps({"hidden_size": 1}), "config.num_hidden_layers", "is missing"),
    ],
    ids=["empty", "cut", "list", "nan", "deep", "large", "nul", "half", "infinite", "wrong", "missing"],
)
def test_what_is_no_config_is_refused_by_field(text: str, field: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        model_sizes.parsed(text)
    assert words in refused.value.fields[field]
    assert refused.value.status == 422


def test_a_byte_order_mark_does_no_harm() -> None:
    assert model_sizes.parsed("\ufeff" + json.dumps(LLAMA)) == LLAMA


def test_a_kept_config_makes_preflight_see_memory(unknown: Deployment) -> None:
    def found(**change: Any) -> list[str]:
        spec = Spec.from_json(unknown.config | {"max_model_len": 131072, "gpu_count": 1, **change})
        return [one.code for one in preflight(unknown, spec).findings if one.code in ("memory", "heads")]

    small = {"gpu_type": "L4", "gpu_memory_utilization": "0.9"}
    assert found(**small) == [], "its sizes are not known"
    model_sizes.keep(unknown, actor=ADMIN, config=LLAMA, source="given by Ada")
    assert found(**small) == ["memory"]
    assert found() == []
    assert found(gpu_count=7) == ["heads"], "32 heads are not shared by seven"
    assert found(**small, model="somebody/else") == [], "it is of another model"
    assert Action.objects.latest("id").summary == (
        "Ada kept the config.json of somebody/llama (given by Ada) for estimates of memory."
    )
    model_sizes.keep(unknown, actor=ADMIN, config=LLAMA, source="again")
    assert ModelConfig.objects.get().source == "again"
    model_sizes.forget(unknown, actor=ADMIN)
    assert found(**small) == []


def test_only_an_admin_keeps_or_removes(unknown: Deployment) -> None:
    with pytest.raises(Refused, match="needs an admin"):
        model_sizes.keep(unknown, actor=actor(Role.OPERATOR), config=LLAMA, source="x")
    with pytest.raises(Refused, match="needs an admin"):
        model_sizes.forget(unknown, actor=actor(Role.OPERATOR))
    assert not ModelConfig.objects.exists()


def test_each_release_is_estimated_with_what_earlier_ones_taught(states: States) -> None:
    made = states.released("glm", "GLM")
    for number, (weights, cache, tokens) in enumerate(
        [(96.0, 24.0, 470_000), (96.0, 24.0, 470_000), (300.0, 24.0, None)], start=1
    ):
        if number > 1:
            made.current_release = Release.objects.create(
                deployment=made, number=number, spec=made.config | {"max_model_len": 65536},
                author_name="Ada", created_at=states.now,
            )  # fmt: skip
        states.run(made, began_s=9000 - number, weights_gib=weights, cache_gib=cache, cache_tokens=tokens)
    sizes = ModelSizes(made)
    first, second, third = observations(made, sizes)
    assert first.weights_off == pytest.approx((94.46 / 96 - 1) * 100, abs=0.1)
    assert first.estimated
    assert "measured by others" in first.estimated.basis
    assert (second.weights_off, second.cache_off) == (pytest.approx(0), pytest.approx(0))
    assert second.estimated
    assert second.estimated.basis == "what the engine of release 1 printed in run 1"
    assert second.tokens_off is not None
    assert third.tokens_off is None
    assert not third.possible, "more than the GPU has"
    own = own_calibration(Spec.from_json(made.config), sizes, observations(made, sizes))
    assert own
    assert own.source == "what the engine of release 2 printed in run 2"
    verdict = preflight(made, Spec.from_json(made.config | {"max_model_len": 32768})).memory
    assert verdict.fit
    assert (verdict.fit.basis, verdict.fit.cache_gib) == (own.source, pytest.approx(24.0))
    other = Spec.from_json(made.config | {"gpu_count": 4})
    assert own_calibration(other, sizes, observations(made, sizes)) is None


def test_it_is_read_from_the_volume_on_request(unknown: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = FakeProvider(timezone.now)
    monkeypatch.setattr(model_sizes, "provider_for", lambda account: provider)
    with pytest.raises(Refused, match="not on the volume huggingface-cache yet"):
        model_sizes.keep_from_volume(unknown, actor=ADMIN)
    provider.configs["huggingface-cache", "somebody/llama"] = json.dumps(LLAMA).encode()
    kept = model_sizes.keep_from_volume(unknown, actor=ADMIN)
    assert (kept.config, kept.source) == (LLAMA, "read from the volume huggingface-cache")
    provider.fail_next("model_config", ProviderError("503 busy", permanent=False))
    with pytest.raises(Refused, match="could not be read: 503 busy"):
        model_sizes.keep_from_volume(unknown, actor=ADMIN)
    provider.configs["huggingface-cache", "somebody/llama"] = b"{}"
    with pytest.raises(Refused) as refused:
        model_sizes.keep_from_volume(unknown, actor=ADMIN)
    assert "config.num_hidden_layers" in refused.value.fields
    assert provider.container_requests == 0
    unknown.config = unknown.config | {"volumes": {}}
    with pytest.raises(Refused, match="has no volume"):
        model_sizes.keep_from_volume(unknown, actor=ADMIN)
