"""Releases on pages: what is not released yet, one beside another, the way back, and what is taken along."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from deployments.models import Deployment, Sample
from deployments.planning.power import SYSTEM, Role
from deployments.services import releases
from deployments.services.errors import Refused
from deployments.services.release_figures import figures_of

from .states import States

pytestmark = pytest.mark.django_db
ONE = "/deployments/asleep/"


@pytest.fixture
def made(states: States) -> Deployment:
    """Release 1 is deployed; a shorter context and a note are saved and not released."""
    deployment = states.asleep()
    releases.save_config(deployment, actor=SYSTEM, config=deployment.config | {"max_model_len": 65536})
    return deployment


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_saved_and_not_released_is_said_and_released(
    browser: Callable[..., Client], made: Deployment
) -> None:
    page = text(browser(Role.VIEWER), f"{ONE}settings/")
    assert "Unreleased changes" in page
    assert "65,536" in page
    assert "Make release" not in page, "who may not is not offered it"
    operator = browser(Role.OPERATOR)
    assert "Make release" in text(operator, f"{ONE}settings/")
    answer = operator.post(f"{ONE}releases/", {"note": "shorter"}, follow=True)
    page = answer.content.decode()
    assert "Release 2 is made. What is deployed stays as it is" in page
    assert "Unreleased changes" not in page
    made.refresh_from_db()
    assert (made.current_release.number, made.live_release.number) == (2, 1)
    assert made.leases.count() == made.wakes.count() == made.deploys.filter(status="pending").count() == 0


def test_a_release_says_what_it_changed_in_words_and_flags(
    browser: Callable[..., Client], made: Deployment
) -> None:
    releases.create_release(made, actor=SYSTEM, note="shorter")
    viewer = browser(Role.VIEWER)
    page = text(viewer, f"{ONE}releases/2/")
    assert "Longest context, tokens" in page
    assert "- --max-model-len 131072" in page
    assert "+ --max-model-len 65536" in page
    assert "“shorter”" in page
    assert "Go back to release" not in page
    page = text(viewer, f"{ONE}releases/1/")
    assert "There is nothing before it" in page
    assert "+ --max-model-len 131072" in text(viewer, f"{ONE}releases/1/?against=2")


@pytest.mark.parametrize("tail", ["releases/9/", "releases/1/?against=9", "releases/9/download/"])
def test_a_release_that_is_not_there_is_not_found(
    browser: Callable[..., Client], made: Deployment, tail: str
) -> None:
    assert browser(Role.ADMIN).get(f"{ONE}{tail}").status_code == 404


def test_the_way_back_makes_a_release_and_lights_nothing(
    browser: Callable[..., Client], made: Deployment
) -> None:
    releases.create_release(made, actor=SYSTEM)
    operator = browser(Role.OPERATOR)
    assert "Go back to release 1" in text(operator, f"{ONE}releases/1/")
    assert "Go back to release" not in text(operator, f"{ONE}releases/2/"), "the next start uses it anyway"
    page = operator.post(f"{ONE}releases/1/back/", follow=True).content.decode()
    assert "Release 3 has the configuration of release 1" in page
    made.refresh_from_db()
    assert made.current_release.spec == made.releases.get(number=1).spec
    assert made.current_release.rolled_back_to == 1
    assert made.leases.count() == made.wakes.count() == 0


def test_figures_stand_side_by_side(
    browser: Callable[..., Client], made: Deployment, states: States, django_assert_num_queries: Any
) -> None:
    first = made.releases.get(number=1)
    for began_s, reached_s in ((9000, 300.0), (6000, 100.0)):
        run = states.run(made, began_s=began_s, reached_s=None)
        ready = run.first_seen_at + timedelta(seconds=reached_s)
        made.runs.filter(pk=run.pk).update(
            ready_at=ready, ended_at=states.now, end_reason="idle", release=first
        )
        for running, speed in ((1, 40.0), (2, 60.0), (0, 0.0)):
            Sample.objects.create(
                run=run, at=ready + timedelta(seconds=running), running=running, generation_tokens_per_s=speed
            )
    died = states.run(made, began_s=3000, reached_s=None)
    made.runs.filter(pk=died.pk).update(
        ready_at=None, ended_at=states.now, end_reason="boot_failed", release=first
    )
    second = releases.create_release(made, actor=SYSTEM)
    with django_assert_num_queries(4):
        found = figures_of([first, second])
    assert (found[first.pk].runs, found[first.pk].failed) == (3, 1)
    assert found[first.pk].boot_s == 200.0
    assert found[first.pk].tokens_per_s == 50.0
    assert (found[second.pk].runs, found[second.pk].boot_s, found[second.pk].usd) == (0, None, 0)
    page = text(browser(Role.VIEWER), f"{ONE}releases/2/")
    assert "3 min 20 s" in page
    assert "50.0" in page


def test_what_is_taken_along_deploys_without_the_panel(
    browser: Callable[..., Client], made: Deployment, tmp_path: Any
) -> None:
    viewer = browser(Role.VIEWER)
    answer = viewer.get(f"{ONE}releases/1/download/")
    assert answer["Content-Disposition"] == 'attachment; filename="asleep-release-1.zip"'
    assert answer.content == viewer.get(f"{ONE}releases/1/download/").content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    spec = (tmp_path / "spec.json").read_text()
    assert json.loads(spec)["argv"][:2] == ["vllm", "serve"]
    assert "modal deploy modal_app.py" in (tmp_path / "README.txt").read_text()
    code = "import modal_app; print(modal_app.app.name)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PILOTLIGHT_SPEC": spec, "PATH": ""},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == json.loads(spec)["app_name"]
    for secret in ("ak-1", "as-1"):
        assert secret.encode() not in answer.content


def test_what_is_wrong_is_shown_before_a_release_and_refuses_it(
    browser: Callable[..., Client], states: States
) -> None:
    made = states.asleep()
    wrong = made.config | {"extra_flags": ["--max-model-length", "5"], "max_model_len": 1_048_576}
    releases.save_config(made, actor=SYSTEM, config=wrong)
    operator = browser(Role.OPERATOR)
    page = text(operator, f"{ONE}settings/")
    assert "vLLM 0.33.0 has no flag --max-model-length." in page
    assert "Set max_model_len to" in page
    page = operator.post(f"{ONE}releases/", follow=True).content.decode()
    assert "2 things have to be mended before a release" in page
    assert made.releases.count() == 1


def test_a_release_freezes_what_was_shown_and_nothing_saved_since(
    browser: Callable[..., Client], made: Deployment
) -> None:
    operator = browser(Role.OPERATOR)
    base = re.search(r'name="base" value="(\w+)"', text(operator, f"{ONE}releases/new/"))
    assert base is not None
    releases.save_config(made, actor=SYSTEM, config=made.config | {"max_num_seqs": 16})
    answer = operator.post(f"{ONE}releases/", {"base": base[1], "note": "shorter"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "max_num_seqs" in page
    assert 'value="shorter"' in page
    assert made.releases.count() == 1
    base = re.search(r'name="base" value="(\w+)"', page)
    assert base is not None
    operator.post(f"{ONE}releases/", {"base": base[1]})
    assert made.releases.count() == 2


def test_an_app_of_a_release_is_nobody_elses(states: States) -> None:
    """Saved under another name and not released, the next start still brings the app of the release."""
    off = states.off()
    releases.create_release(off, actor=SYSTEM)
    name = off.config["app_name"]
    releases.save_config(off, actor=SYSTEM, config=off.config | {"app_name": f"{name}-new"})
    with pytest.raises(Refused, match="belongs to another deployment"):
        releases.create_deployment(
            actor=SYSTEM,
            slug="other",
            name="Other",
            account=off.account,
            config=off.config | {"app_name": name},
        )
