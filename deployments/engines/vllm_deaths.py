"""The lines with which vLLM dies. Seen in recorded logs of 0.26 and 0.32, or read in the sources of 0.33."""

import re

# The last line of the deployed module when the engine has ended without being asked to.
ENGINE_EXITED = r"pilotlight: engine exited code=-?\d+ after=[\d.]+s"

# It is dead, and the cause stands elsewhere (most often above).
DEATHS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        ENGINE_EXITED,
        r"(?:RuntimeError: )?Engine core initialization failed\. See root cause above",
        r"Worker proc \S+ died unexpectedly",
        r"\[shutdown\] MPClient: engine core exited unexpectedly",
        r"EngineCore (?:failed to start|encountered a fatal error)\.",
        r"(?:\w+\.)*ValidationError: \d+ validation errors? for \w*(?:Config|Args)\b",
    )
)

_ANY_ERROR = r"(?:(?:\w+\.)*\w*Error: )?"

# It is dead, and this is why.
ROOT_CAUSES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"pilotlight: engine did not start: ",
        r"vllm(?: \w+)?: error: ",
        # Configuration objects say ArgsKwargs; a request's body that does not validate is a dictionary.
        r"Value error, .*input_value=ArgsKwargs\(",
        r"Value error, (?:World size \(|User-specified max_model_len )",
        r"KeyError: ['\"](?:invalid tool call parser|Reasoning parser)",
        r"NotImplementedError: Unsupported speculative method",
        r"ImportError: cannot import name 'Sentinel' from 'typing_extensions'",
        r"(?:OSError: )?\[Errno 98\]",
        r"OSError: We couldn't connect to ",
        r"huggingface_hub\.errors\.\w+: ",
        rf"{_ANY_ERROR}(?:Cannot access gated repo|Repository Not Found for url|403 Client Error)",
        rf"{_ANY_ERROR}To serve at least one request with the model's max seq len",
        rf"{_ANY_ERROR}Free memory on device \S+ .* is less than desired GPU memory utilization",
        rf"{_ANY_ERROR}No available memory for the cache blocks",
        rf"{_ANY_ERROR}Failed to load model - not enough GPU memory",
        rf"{_ANY_ERROR}CUDA out of memory",
        r"(?:\w+\.)*(?:RuntimeError|AcceleratorError): (?:CUDA|NCCL) error",
        r"(?:\w+\.)*(?:SafetensorError|DistBackendError): ",
    )
)
