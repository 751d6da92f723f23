"""What a look at the provider asks: each question with the way to ask it, and what its answer means.

Everything that the panel's own rows say is read before (`questions`); the questions themselves ask nothing
but the provider's control plane, so that they can be asked side by side and left behind where they hang.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from deployments.models import Deployment, DeployStatus, Release
from deployments.planning import outside
from deployments.planning.outside import Check, CheckState
from deployments.planning.power import SYSTEM
from deployments.planning.spec import Spec
from deployments.providers.base import AccountFacts, Provider
from deployments.providers.rendering import HUGGINGFACE_SECRET, WEIGHTS_PATH

from . import budgets
from .errors import Refused
from .quote import quote
from .secrets import ENGINE_SECRET
from .sentences import about, duration, money, rate
from .views import Quote

# What the panel writes itself before each deploy, with the variables that the engine and the download read.
_OWN = {ENGINE_SECRET: "VLLM_API_KEY", HUGGINGFACE_SECRET: "HF_TOKEN"}


@dataclass(frozen=True, slots=True)
class Question:
    """One check: `ask` reaches the provider's control plane (ProviderError) or, for some, nothing at all."""

    code: str
    title: str
    ask: Callable[[], Check]


def questions(deployment: Deployment, spec: Spec, provider: Provider, now: datetime) -> list[Question]:
    """In the order in which they are shown. Reads rows; asks nothing outside yet."""
    price = _price(deployment, spec, now)
    # Of nobody's own budget: what was seen is kept, and others read it.
    left = budgets.views(budgets.applying(deployment, SYSTEM), now)
    built_for, sandbox = _built_for(deployment, spec), deployment.account.is_sandbox
    app_id, slug = deployment.app_id, deployment.slug
    has_token = bool(deployment.account.huggingface_token)
    return [
        Question("credentials", "Credentials", lambda: _credentials(provider.check())),
        Question("plan", "The environment’s own budget", lambda: _plan(provider.check(), sandbox=sandbox)),
        Question("secrets", "Secrets", lambda: _secrets(provider, spec)),
        Question("variables", "Variables in the secrets", lambda: _variables(provider, spec, has_token)),
        Question("image", "Image", lambda: outside.image(spec.image.reference, built_for)),
        Question("gpu", "GPU", lambda: outside.gpus(spec.gpu_type, spec.gpu_count)),
        Question("quota", "GPUs at once", lambda: _quota(provider, spec)),
        Question("budget", "Budgets of the panel", lambda: _budget(price, left)),
        Question("weights", "Weights", lambda: _weights(provider, spec, price)),
        Question("volumes", "Volumes", lambda: _volumes(provider, spec)),
        Question("app_name", "Name of the app", lambda: _app_name(provider, spec, slug, app_id)),
    ]


def _price(deployment: Deployment, spec: Spec, now: datetime) -> Quote | Refused:
    try:
        return quote(deployment, until=None, now=now, spec=spec)
    except Refused as error:
        return error


def _built_for(deployment: Deployment, spec: Spec) -> int | None:
    """The newest release that this account deployed with the very same image: it is built there."""
    image = spec.to_json()["image"]
    rows = Release.objects.filter(
        deployment__account=deployment.account_id, deploys__status=DeployStatus.DONE, spec__image=image
    )
    return rows.order_by("-pk").values_list("number", flat=True).first()


def _credentials(facts: AccountFacts) -> Check:
    saw = f"The workspace {facts.workspace} lets us in, and its environment {facts.environment} is there."
    return Check("credentials", "Credentials", CheckState.OK, saw)


def _plan(facts: AccountFacts, *, sandbox: bool) -> Check:
    code, title = "plan", "The environment’s own budget"
    if facts.spend_limit_reached:
        saw = f"The environment {facts.environment} has reached its limit at the provider."
        return Check(code, title, CheckState.WARNING, saw, "Nothing starts there until it is raised.")
    if facts.cycle_budget_usd is None:
        if sandbox:
            return Check(code, title, CheckState.OK, "A sandbox has none and bills nobody.")
        saw = "The provider tells none: none is set, or its plan has none."
        remedy = "Set one there if the plan allows it: it also holds while this panel is dead."
        return Check(code, title, CheckState.WARNING, saw, remedy)
    used = facts.cycle_usage_usd
    told = f", of which {money(used)} are used" if used is not None else ""
    return Check(code, title, CheckState.OK, f"{money(facts.cycle_budget_usd)} this month{told}.")


def _secrets(provider: Provider, spec: Spec) -> Check:
    code, title = "secrets", "Secrets"
    missing = provider.missing_secrets(spec.secrets)
    lost = [name for name in missing if name not in _OWN]
    if lost:
        saw = f"{_listed(lost)} {_is(lost)} not in the environment."
        remedy = f"Create {'it' if len(lost) == 1 else 'them'} at the provider, or take the name out."
        return Check(code, title, CheckState.ERROR, saw, f"{remedy} Without it a deploy fails.")
    if missing:
        saw = (
            f"{_listed(missing)} {_is(missing)} not there yet; the panel writes {_it(missing)} at the deploy."
        )
        return Check(code, title, CheckState.OK, saw)
    saw = f"{_listed(spec.secrets)} {_is(spec.secrets)} there." if spec.secrets else "It names none."
    return Check(code, title, CheckState.OK, saw)


def _variables(provider: Provider, spec: Spec, has_token: bool) -> Check:
    """Whether the secrets hold the names that the engine and the download read. Nobody can read values;
    `has_token` says whether the panel has a Hugging Face token to write."""
    code, title = "variables", "Variables in the secrets"
    named = [name for name in spec.secrets if name in _OWN]
    there = [name for name in named if name not in provider.missing_secrets(named)]
    lacking = [name for name in there if provider.missing_keys(name, [_OWN[name]])]
    if lacking:
        saw = " ".join(f"{name} does not hold {_OWN[name]}." for name in lacking)
        return Check(code, title, CheckState.WARNING, saw, "The panel writes it at the deploy.")
    if not there:
        return Check(code, title, CheckState.OK, "The panel writes them at the deploy.")
    saw = " ".join(f"{name} holds {_OWN[name]}." for name in there) + " Values cannot be read back."
    if HUGGINGFACE_SECRET in there and not has_token:
        saw += " The panel was given no Hugging Face token: an empty one is enough for public models alone."
    return Check(code, title, CheckState.OK, saw)


def _quota(provider: Provider, spec: Spec) -> Check:
    others = [c.gpu_count for c in provider.containers() if c.app_name != spec.app_name]
    return outside.quota(spec.gpu_count, others)


def _budget(price: Quote | Refused, found: Iterable[budgets.BudgetView]) -> Check:
    code, title = "budget", "Budgets of the panel"
    if isinstance(price, Refused):
        return Check(code, title, CheckState.WARNING, price.message, "What has no price is not lit.")
    hour_usd, start_usd = price.price_usd_per_hour, price.total_usd
    asks = f"An hour costs {rate(hour_usd)} of GPU time, the cheapest start {about(start_usd)}."
    views = list(found)
    if not views:
        remedy = "Set one under Costs: at its limit servers go out and stay out."
        return Check(code, title, CheckState.WARNING, f"{asks} No budget holds for it.", remedy)
    tight = min(views, key=lambda view: view.standing.left_usd)
    left_usd = max(tight.standing.left_usd, Decimal(0))
    saw = f"{asks} {budgets.said(tight.budget)} has {money(left_usd)} left."
    if left_usd < start_usd:
        return Check(code, title, CheckState.WARNING, saw, "A start is refused until an admin raises it.")
    if left_usd < hour_usd:
        return Check(code, title, CheckState.WARNING, saw, "It does not carry an hour.")
    return Check(code, title, CheckState.OK, saw)


def _weights(provider: Provider, spec: Spec, price: Quote | Refused) -> Check:
    volume = spec.volumes.get(WEIGHTS_PATH)
    if not volume:
        saw = f"No volume is mounted at {WEIGHTS_PATH}: each start downloads the weights on billed GPUs."
        return Check("weights", "Weights", CheckState.WARNING, saw, "Mount a volume there.")
    facts = provider.weights_facts(volume, spec.model)
    found = outside.weights(
        spec.model,
        whole=facts.whole,
        files=facts.files,
        size_bytes=facts.size_bytes,
        expected_gib=spec.checkpoint_gib,
    )
    return _with_download(found, price) if found.offer else found


def _with_download(found: Check, price: Quote | Refused) -> Check:
    if isinstance(price, Refused) or price.download_usd is None or price.download_s is None:
        return replace(found, remedy="A machine without GPUs can fetch them first.")
    usd = about(price.download_usd) if price.download_usd >= Decimal("0.005") else "under $0.01"
    words = f"A machine without GPUs fetches them in about {duration(price.download_s)} for {usd}."
    return replace(found, remedy=words, offer_price=usd)


def _volumes(provider: Provider, spec: Spec) -> Check:
    names = list(dict.fromkeys(spec.volumes.values()))
    missing = provider.missing_volumes(names)
    if missing:
        saw = f"{_listed(missing)} {_is(missing)} not there yet; the deploy makes {_it(missing)}, empty."
        return Check("volumes", "Volumes", CheckState.OK, saw)
    saw = f"{_listed(names)} {_is(names)} there." if names else "It mounts none."
    return Check("volumes", "Volumes", CheckState.OK, saw)


def _app_name(provider: Provider, spec: Spec, slug: str, app_id: str) -> Check:
    namesakes = [app for app in provider.apps() if app.name == spec.app_name and app.app_id != app_id]
    return outside.app_name(spec.app_name, slug, [(app.by_pilotlight, app.slug) for app in namesakes])


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _is(names: Iterable[str]) -> str:
    return "is" if len(list(names)) == 1 else "are"


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
