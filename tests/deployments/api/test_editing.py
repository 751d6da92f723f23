"""A configuration over REST: built from nothing, judged, released, and never written over somebody's."""

from collections.abc import Callable
from typing import Any

import pytest

from deployments.models import Deployment, Lease, Wake
from deployments.planning.power import SYSTEM, Role
from deployments.services import releases
from tests.deployments.pages.states import States

from .callers import Caller, ok

pytestmark = pytest.mark.django_db
ONE = "/deployments/glm"
CACHES = {f"/root/.cache/{name}": f"{name}-cache" for name in ("huggingface", "vllm", "flashinfer")}
GLM: dict[str, Any] = {
    "app_name": "glm", "model": "zai-org/GLM-5.2-FP8", "served_name": "glm", "gpu_type": "H200",
    "gpu_count": 8, "max_model_len": 131072, "kv_cache_dtype": "fp8", "volumes": CACHES,
    "image": {
        "reference": "vllm/vllm-openai:glm52-cu129",
        "setup_commands": ["RUN rm -f /usr/lib/python3/dist-packages/typing_extensions.py"],
    },
    "tool_call_parser": "glm47", "reasoning_parser": "glm45",
    "speculative": {"method": "mtp", "num_speculative_tokens": 5},
}  # fmt: skip
BREAKS: list[tuple[dict[str, Any], str]] = [
    ({"extra_flags": ["--max-num-batched-tokenz", "8192"]}, "misspelt"),
    ({"load_strategy": "prefech"}, "wrong-choice"),
    ({"gpu_count": 4}, "memory"),
    ({"tool_call_parser": "hermes"}, "glm-parsers"),
    ({"startup_timeout_s": 120}, "startup-limit"),
]


def errors(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in found["findings"] if one["level"] == "error"]


def test_built_from_nothing_broken_five_ways_mended_released_and_taken_back(
    caller: Callable[..., Caller], states: States
) -> None:
    admin = caller(Role.ADMIN)
    admin.post("/deployments", {"slug": "glm", "name": "GLM", "config": GLM}, 201)
    for broken, code in BREAKS:
        ok(admin("patch", ONE, {"config": broken}), 200)
        (error,) = errors(admin.post(f"{ONE}/preflight", status=200))
        assert error["code"] == code
        assert admin.post(f"{ONE}/releases", status=422)["code"] == "config_refused"
        mended = error["fix"]["patch"] if error["fix"] else {"load_strategy": "prefetch"}
        ok(admin("patch", ONE, {"config": mended}), 200)
    assert errors(admin.post(f"{ONE}/preflight", status=200)) == []
    assert admin.post(f"{ONE}/releases", {"note": "first"}, 201)["number"] == 1
    ok(admin("patch", ONE, {"config": {"extra_flags": ["--seed", "7"]}}), 200)
    second = admin.post(f"{ONE}/releases", status=201)
    assert [change["field"] for change in second["changes"]] == ["extra_flags"]
    back = admin.post(f"{ONE}/releases/1/rollback", status=201)
    assert (back["number"], back["rolled_back_to"]) == (3, 1)
    assert not Lease.objects.exists()
    assert not Wake.objects.exists()


def test_a_change_of_what_was_not_read_is_412_and_names_who(
    caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    anna, ben = caller(Role.ADMIN, "anna"), caller(Role.ADMIN, "ben")
    read = anna("get", "/deployments/asleep").headers["ETag"]
    changed = ben("patch", "/deployments/asleep", {"config": {"max_num_seqs": 16}}, If_Match=read)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != read
    refused = ok(anna("patch", "/deployments/asleep", {"name": "X"}, If_Match=read), 412)
    assert refused["code"] == "stale"
    assert refused["message"].startswith("ben changed max_num_seqs of Support drafts at ")
    for match in (changed.headers["ETag"], f"W/{changed.headers['ETag']}", "*"):
        deployment = Deployment.objects.get()
        deployment.name = "Support drafts"
        deployment.save(update_fields=["name"])
        assert anna("patch", "/deployments/asleep", {"name": "X"}, If_Match=match).status_code == 200
    assert anna("patch", "/deployments/asleep", {"name": "Y"}).status_code == 200, "without it, as before"


def test_a_secret_of_old_is_shown_to_admins_alone(caller: Callable[..., Caller], states: States) -> None:
    made = states.asleep()
    Deployment.objects.update(config=made.config | {"environment": {"HF_HOME": "hf_abcdefghijklmnopqrst"}})
    for role, shown in ((Role.OPERATOR, "•••"), (Role.ADMIN, "hf_abcdefghijklmnopqrst")):
        config = caller(role).get("/deployments/asleep")["config"]
        assert config["environment"] == {"HF_HOME": shown}


def test_owner_warm_up_and_cap_are_changed_too(caller: Callable[..., Caller], states: States) -> None:
    states.asleep()
    admin = caller(Role.ADMIN)
    change = {"owner": "admin", "warm_up": False, "member_cap_usd": "12.5"}
    changed = ok(admin("patch", "/deployments/asleep", change), 200)
    assert {name: changed[name] for name in change} == change
    left = ok(admin("patch", "/deployments/asleep", {"owner": None, "member_cap_usd": None}), 200)
    assert (left["owner"], left["member_cap_usd"], left["warm_up"]) == (None, None, False)
    for wrong in ({"owner": "nobody-here"}, {"member_cap_usd": "much"}):
        assert list(ok(admin("patch", "/deployments/asleep", wrong), 422)["fields"]) == list(wrong)


def test_a_release_and_a_file_take_the_version_that_was_read(
    caller: Callable[..., Caller], states: States
) -> None:
    states.asleep()
    anna, ben = caller(Role.ADMIN, "anna"), caller(Role.ADMIN, "ben")
    file = anna("get", "/deployments/asleep/configuration")
    read = file.headers["ETag"]
    assert read == anna("get", "/deployments/asleep").headers["ETag"]
    now = ben("patch", "/deployments/asleep", {"config": {"max_num_seqs": 16}}).headers["ETag"]
    for method, of, body in (("post", "releases", None), ("put", "configuration", file.content)):
        assert ok(anna(method, f"/deployments/asleep/{of}", body, If_Match=read), 412)["code"] == "stale"
    made = anna("post", "/deployments/asleep/releases", If_Match=now)
    assert (made.status_code, made.headers["ETag"]) == (201, now)


def test_a_release_freezes_what_is_saved_and_not_what_was_loaded_before(
    caller: Callable[..., Caller], states: States
) -> None:
    loaded = states.asleep()
    ok(caller(Role.ADMIN)("patch", "/deployments/asleep", {"config": {"max_num_seqs": 16}}), 200)
    made = releases.create_release(loaded, actor=SYSTEM)
    assert (made.spec["max_num_seqs"], loaded.config["max_num_seqs"]) == (16, 16)
    assert loaded.current_release_id == made.pk
