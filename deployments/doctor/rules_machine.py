"""GPUs, their driver and their links, and processes that died of something."""

from deployments.engines.validation import Level

from .rule import Depth, Rule, said

RULES = (
    Rule(
        code="no-gpu-visible",
        title="The engine sees no GPU",
        cause="The container has no GPU that the engine could use.",
        remedy="Look at the number and type of GPUs in Settings, and leave CUDA_VISIBLE_DEVICES alone.",
        patterns=said(r"AssertionError: DP adjusted local rank \d+ is out of bounds for 0 devices"),
        sources=("recorded: cuda-0.26.0-fail-no-gpu-visible",),
    ),
    Rule(
        code="driver-too-old",
        title="The driver is too old for the image",
        cause="The image was built for a newer CUDA than the machine’s driver knows.",
        remedy="Choose an image for an older CUDA, such as one with cu129 in its tag.",
        patterns=said(r"(?:\w+\.)*\w*Error: .{0,80}CUDA driver version is insufficient for CUDA runtime"),
        sources=("documented: driver failures; CUDA’s own words",),
        documented=True,
    ),
    Rule(
        code="cuda-error",
        title="A GPU failed at its work",
        cause="CUDA says: {why}.",
        remedy="Start it again: it gets another machine. If it comes back at the same place, the version of "
        "the engine does not go with this model.",
        patterns=said(r"(?:\w+\.)*(?:RuntimeError|AcceleratorError): CUDA error: (?P<why>.{1,200})"),
        sources=("read in the sources of vLLM 0.33", "documented: driver failures"),
        depth=Depth.GENERAL,
        documented=True,
    ),
    Rule(
        code="nccl-error",
        title="The GPUs could not talk to each other",
        cause="The library that links the GPUs (NCCL) failed: {why}",
        brief="The library that links the GPUs (NCCL) failed.",
        remedy="Start it again: it gets other machines. If it comes back, compare the image with the one of "
        "the last good release.",
        patterns=said(
            r"(?:\w+\.)*(?:RuntimeError|DistBackendError): (?:NCCL error\W*)(?P<why>.{0,200})",
            r"(?:\w+\.)*DistBackendError: (?P<why>.{0,200})",
        ),
        sources=("read in the sources of vLLM 0.33", "documented: NCCL failures"),
        depth=Depth.GENERAL,
        documented=True,
    ),
    Rule(
        code="nccl-timeout",
        title="A GPU stopped answering the others",
        cause="The others waited {ms} ms for it in vain. Most often it had died of something else.",
        brief="The others waited for it in vain. Most often it had died of something else.",
        remedy="Read the log of the worker that fell silent first.",
        patterns=said(
            r".{0,160}?Watchdog caught collective operation timeout(?:.{0,240}?ran for (?P<ms>\d+) milli)?"
        ),
        sources=("documented: NCCL failures; PyTorch’s own words",),
        depth=Depth.CONSEQUENCE,
        documented=True,
    ),
    Rule(
        code="worker-died",
        title="A worker of the engine died",
        cause="{worker} ended by itself, and no line says of what.",
        remedy="Start it again. If it comes back, ask for more memory, or compare with the last good "
        "release.",
        patterns=said(r"Worker proc (?P<worker>\S+) died unexpectedly"),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        depth=Depth.CONSEQUENCE,
        documented=True,
    ),
    Rule(
        code="engine-core-failed",
        title="The engine gave up its start",
        cause="The engine names a cause above this line, and no rule knows a line above it.",
        remedy="Read the log above this line; the first error of the engine’s core or of a worker counts.",
        patterns=said(
            r"(?:RuntimeError: )?Engine core initialization failed\. See root cause above",
            r"EngineCore (?:failed to start|encountered a fatal error)\.",
        ),
        sources=("recorded: cuda-0.26.0-fail-no-gpu-visible", "recorded: cpu-0.32.0-fail-kv-too-small"),
        depth=Depth.END,
    ),
    Rule(
        code="engine-core-lost",
        title="The engine’s core vanished while it served",
        cause="Its process ended without a word.",
        remedy="Start it again. If it comes back, the machine may be short of memory.",
        patterns=said(r"\[shutdown\] MPClient: engine core exited unexpectedly"),
        sources=("recorded: cpu-0.32.0-engine-died", "recorded: cpu-0.32.0-startup-glm4moe-mtp"),
        depth=Depth.END,
    ),
    Rule(
        code="no-engine-in-image",
        title="The image has no engine",
        cause="The engine’s command could not be started: {why}.",
        remedy="Choose an image of the engine, such as vllm/vllm-openai.",
        patterns=said(r"pilotlight: engine did not start: (?P<why>.{1,200})"),
        sources=("the deployed module’s own line",),
    ),
    Rule(
        code="engine-exited",
        title="The engine ended by itself",
        cause="It ended with code {code} after {seconds} s, and no rule knows a line above that says why.",
        remedy="Read the last lines above this one.",
        patterns=said(r"pilotlight: engine exited code=(?P<code>-?\d+) after=(?P<seconds>[\d.]+)s"),
        sources=("the deployed module’s own line",),
        depth=Depth.END,
    ),
    Rule(
        code="compiled-in-a-request",
        title="A request waited for a kernel to be compiled",
        cause="{kernel} was compiled while a request waited, be it the warm-up’s or somebody’s.",
        remedy="The next request of such a length is fast. A warm-up at such a length spares the first one.",
        patterns=said(r"\w+ (?:kernel )?JIT compilation during inference: (?P<kernel>[^ ]+?)\.? This causes"),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        level=Level.ADVICE,
        documented=True,
    ),
)
