"""Rules about who reaches the engine, with which key, and which code and secrets it holds."""

from collections.abc import Iterator

from .case import Case
from .finding import Fix, Level
from .rule import Hit, Rule
from .secrets import is_secret_name, is_secret_step, is_secret_value

_CODE = (
    *("middleware", "tool_parser_plugin", "reasoning_parser_plugin", "io_processor_plugin"),
    *("logits_processors", "worker_cls", "worker_extension_cls", "scheduler_cls", "model_class_overrides"),
)
_ADDRESS = ("host", "port", "uds", "grpc_port", "root_path")


def _key(case: Case) -> Iterator[Hit]:
    for given in case.typed("api_key", "hf_token"):
        flag = given.flag.name if given.flag else given.spelled
        remedy = "Put it into a secret at the provider and name that under secrets."
        yield Hit("extra_flags", f"{flag} holds a secret.", remedy, flag, case.without(given))


def _address(case: Case) -> Iterator[Hit]:
    for given in case.typed(*_ADDRESS):
        flag = given.flag.name if given.flag else given.spelled
        yield Hit("extra_flags", f"{flag} is the panel's to set.", "Remove it.", flag, case.without(given))


def _no_http(case: Case) -> Iterator[Hit]:
    for given in case.typed("grpc", "headless"):
        flag = given.flag.name if given.flag else given.spelled
        yield Hit("extra_flags", f"{flag} starts no HTTP server.", "Remove it.", flag, case.without(given))


def _tls(case: Case) -> Iterator[Hit]:
    for given in case.typed("ssl_keyfile", "ssl_certfile", "ssl_ca_certs", "ssl_cert_reqs"):
        flag = given.flag.name if given.flag else given.spelled
        yield Hit(
            "extra_flags", f"{flag} makes the engine speak TLS.", "Remove it.", flag, case.without(given)
        )


def _config_file(case: Case) -> Iterator[Hit]:
    for given in case.typed("config"):
        yield Hit(
            "extra_flags",
            "--config reads more flags from a file.",
            "Write them here.",
            "--config",
            case.without(given),
        )


def _dev_mode(case: Case) -> Iterator[Hit]:
    for field, name, _ in case.environment():
        if name == "VLLM_SERVER_DEV_MODE":
            yield Hit(field, f"{name} is set.", "Remove it.", fix=case.less_variable(field, name))


def _sleep_mode(case: Case) -> Iterator[Hit]:
    for given in case.typed("enable_sleep_mode"):
        if given.is_on:
            cause = "--enable-sleep-mode prepares routes that only development mode opens."
            yield Hit("extra_flags", cause, "Remove it.", "--enable-sleep-mode", case.without(given))


def _code(case: Case) -> Iterator[Hit]:
    level = Level.ERROR if case.context.shared else Level.WARNING
    for given in case.typed(*_CODE):
        flag = given.flag.name if given.flag else given.spelled
        cause = f"{flag} runs code of your choice inside the engine."
        yield Hit(
            "extra_flags", cause, "Remove it, or read that code first.", flag, case.without(given), level
        )


def _requests_choose(case: Case) -> Iterator[Hit]:
    dests = ("trust_request_chat_template", "trust_request_mm_kwargs", "allowed_local_media_path")
    for given in case.typed(*dests):
        if given.flag is not None and (given.flag.nargs != 0 or given.is_on):
            cause = f"{given.flag.name} lets a request choose what the engine reads or renders."
            yield Hit("extra_flags", cause, "Remove it.", given.flag.name, case.without(given))


def _remote_code(case: Case) -> Iterator[Hit]:
    if case.spec.trust_remote_code and not case.spec.revision:
        level = Level.WARNING if case.context.shared else Level.ADVICE
        cause = f"trust_remote_code runs whatever code {case.spec.model} holds on the day of a start."
        yield Hit("trust_remote_code", cause, "Set revision to a commit.", "--trust-remote-code", level=level)


def _plain_secret(case: Case) -> Iterator[Hit]:
    remedy = "Put it into a secret at the provider and name that under secrets."
    for field, name, value in case.environment():
        if is_secret_name(name) or is_secret_value(value):
            yield Hit(field, f"{name} looks like a secret.", remedy, fix=case.less_variable(field, name))
    for given in case.extra:
        known = given.flag is not None and given.flag.dest in ("api_key", "hf_token")
        if not known and any(is_secret_value(text) for text in (given.spelled, *given.values)):
            yield Hit("extra_flags", "A flag holds what looks like a secret.", remedy, fix=None)
    for step in (*case.spec.image.setup_commands, *case.spec.image.pip):
        if is_secret_step(step):
            yield Hit("image", "A step of the image holds what looks like a secret.", remedy)


def _no_key(case: Case) -> Iterator[Hit]:
    if "vllm-api-key" not in case.spec.secrets:
        cause = "No secret vllm-api-key is named, so the engine starts without a key."
        fix = Fix("Name it.", {"secrets": [*case.spec.secrets, "vllm-api-key"]})
        yield Hit("secrets", cause, "Name vllm-api-key under secrets.", fix=fix)


RULES = (
    Rule(
        "key-in-argv",
        Level.ERROR,
        "Arguments stand in process lists, and vLLM 0.26 prints them in its log.",
        "vLLM 0.26 on a GPU, its line `non-default args`",
        _key,
    ),
    Rule(
        "address",
        Level.ERROR,
        "The provider's proxy reaches only 0.0.0.0 and the port that was agreed.",
        "Modal 1.6.4, web_server",
        _address,
    ),
    Rule(
        "no-http",
        Level.ERROR,
        "It would never become ready, and bill until its startup limit.",
        "vLLM 0.33, vllm serve --help",
        _no_http,
    ),
    Rule(
        "tls",
        Level.ERROR,
        "The provider's proxy speaks plain HTTP to it, so no request would arrive.",
        "Modal 1.6.4, web_server",
        _tls,
    ),
    Rule(
        "config-file",
        Level.WARNING,
        "Nobody sees them here, and nothing checks them.",
        "vLLM 0.32, FlexibleArgumentParser",
        _config_file,
    ),
    Rule(
        "dev-mode",
        Level.ERROR,
        "It opens routes without a key that put the engine to sleep or run code in its workers.",
        "vLLM 0.32, routes in development mode",
        _dev_mode,
    ),
    Rule(
        "sleep-mode",
        Level.WARNING,
        "The panel lets the container go instead, which costs nothing.",
        "vLLM 0.32, routes in development mode",
        _sleep_mode,
    ),
    Rule(
        "loads-code",
        Level.WARNING,
        "It sees every prompt and the engine's key.",
        "vLLM 0.33, vllm serve --help",
        _code,
    ),
    Rule(
        "request-chooses",
        Level.WARNING,
        "Everybody with a key could use that.",
        "vLLM 0.33, vllm serve --help",
        _requests_choose,
    ),
    Rule(
        "unpinned-code",
        Level.ADVICE,
        "It may change between two starts.",
        "vLLM 0.33, --trust-remote-code and --revision",
        _remote_code,
    ),
    Rule(
        "plain-secret",
        Level.ERROR,
        "Everybody may read a configuration, and releases keep it for good.",
        "The panel: configurations are stored and shown",
        _plain_secret,
    ),
    Rule(
        "no-engine-key",
        Level.WARNING,
        "Whoever learns its address could use it at your cost.",
        "vLLM 0.32: only VLLM_API_KEY guards /v1",
        _no_key,
    ),
)
