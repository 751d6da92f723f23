"""What the form offers to choose from: GPUs with their price, versions, parsers, types, people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.utils import timezone

from deployments.engines.catalogue import SHIPPED, Catalogue, versions
from deployments.engines.registry import ENGINES
from deployments.engines.validation.rules_engine import KV_CACHE_DTYPES
from deployments.ledger.prices import PriceBook
from deployments.planning.memory.devices import DEVICES
from deployments.services import sentences
from deployments.services.preflight import added_catalogues

Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Around:
    """What the lists come from: the chosen version's flags, and the account's prices."""

    catalogue: Catalogue
    prices: PriceBook | None


def options_of(name: str, around: Around) -> Options:
    """Values with what is read for each; the empty value is the form's own to add."""
    return _LISTS[name](around)


def _gpus(around: Around) -> Options:
    return [(name, _gpu_words(name, device.memory_gib, around)) for name, device in DEVICES.items()]


def _gpu_words(name: str, memory_gib: float, around: Around) -> str:
    try:
        usd = around.prices.at(f"gpu:{name}", timezone.now()) * 3600 if around.prices else Decimal(0)
    except LookupError:
        usd = Decimal(0)
    return f"{name}, {memory_gib:g} GiB" + (f", {sentences.rate(usd)}/h" if usd else ", no price known")


def _versions(_: Around) -> Options:
    known = sorted(versions((SHIPPED, added_catalogues())), key=_numbers, reverse=True)
    return [(version, version) for version in known]


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _choices(dest: str) -> Callable[[Around], Options]:
    def look(around: Around) -> Options:
        flag = around.catalogue.flag(dest)
        return [(str(one), str(one)) for one in (flag.choices if flag and flag.choices else ())]

    return look


def _people(_: Around) -> Options:
    rows = get_user_model().objects.filter(is_active=True).order_by("username")
    return [(str(row.pk), row.get_full_name() or row.get_username()) for row in rows]


_LISTS: Mapping[str, Callable[[Around], Options]] = {
    "gpus": _gpus,
    "engines": lambda _: [(name, "vLLM" if name == "vllm" else name) for name in ENGINES],
    "versions": _versions,
    "kv_dtypes": lambda _: [(one, one) for one in KV_CACHE_DTYPES],
    "spec_methods": _choices("spec_method"),
    "load_strategies": _choices("safetensors_load_strategy"),
    "tool_parsers": lambda around: [(one, one) for one in around.catalogue.tool_parsers],
    "reasoning_parsers": lambda around: [(one, one) for one in around.catalogue.reasoning_parsers],
    "people": _people,
}
