"""What does not fit: GPU memory, main memory, disk."""

from deployments.engines.validation import Level

from . import changes
from .rule import Depth, Rule, said

# vLLM's errors come bare, as the last line of a traceback, or after the name of their class.
_ERROR = r"(?:(?:\w+\.)*\w*Error: )?"
_OOM = r"(?:(?:\w+\.)*\w*Error: )?(?:HIP|CUDA) out of memory\."

RULES = (
    Rule(
        code="context-exceeds-cache",
        title="The context does not fit the memory that is left",
        cause="One request of {asked} tokens needs more cache than the {free} GiB that weights and working "
        "memory leave on each GPU. The engine says that {most} tokens fit.",
        brief="One request of the longest context needs more cache than weights and working memory leave.",
        remedy="Set the longest context to what fits, or use more or larger GPUs.",
        patterns=said(
            rf"{_ERROR}To serve at least one request with the model's max seq len \((?P<asked>\d+)\)"
            r".{0,200}?available KV cache memory \((?P<free>[\d.]+) GiB\)"
            r".{0,120}?estimated maximum model length is (?P<most>\d+)",
            rf"{_ERROR}To serve at least one request with the model's max seq len \((?P<asked>\d+)\)",
        ),
        sources=("recorded: cpu-0.32.0-fail-kv-too-small", "stand-in engine"),
        change=changes.context_that_fits,
    ),
    Rule(
        code="weights-exceed-memory",
        title="The weights do not fit the GPUs",
        cause="The GPUs were full before all weights were loaded.",
        remedy="Use more or larger GPUs, or a smaller format of the model.",
        patterns=said(rf"{_ERROR}Failed to load model - not enough GPU memory"),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        change=changes.more_gpus,
        documented=True,
    ),
    Rule(
        code="no-cache-left",
        title="No memory is left for the cache",
        cause="Weights and working memory take all that the engine may use of each GPU.",
        remedy="Let it use more of the GPU’s memory, or use more or larger GPUs.",
        patterns=said(rf"{_ERROR}No available memory for the cache blocks"),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        change=changes.more_memory_use,
        documented=True,
    ),
    Rule(
        code="gpu-memory-taken",
        title="Something else holds memory of the GPU",
        cause="{free} of {total} GiB of the GPU were free at the start, less than the share {share} that the "
        "engine was told to use.",
        remedy="Start it again: another GPU may be empty. If it comes back, lower the share to what is free.",
        patterns=said(
            rf"{_ERROR}Free memory on device \S+ \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is "
            r"less than desired GPU memory utilization \((?P<share>[\d.]+)"
        ),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        change=changes.memory_use_that_is_free,
        documented=True,
    ),
    Rule(
        code="oom-in-warmup",
        title="The GPU ran out of memory in the warm-up",
        cause="With {count} requests at once the warm-up needed more memory than the engine had left.",
        remedy="Let fewer requests in at once, or leave the engine a smaller share of the GPU’s memory for "
        "its cache.",
        patterns=said(
            rf"{_ERROR}CUDA out of memory occurred when warming up sampler with (?P<count>\d+) dummy requests"
        ),
        sources=("read in the sources of vLLM 0.26 and 0.33",),
        change=changes.fewer_sequences,
        documented=True,
    ),
    Rule(
        code="gpu-out-of-memory",
        title="The GPU ran out of memory",
        cause="The engine asked for {more} more and the GPU had no room for it.",
        brief="The engine asked for more memory and the GPU had no room for it.",
        remedy="Leave more memory outside of the cache, or let fewer and shorter requests in at once.",
        patterns=said(rf"{_OOM} Tried to allocate (?P<more>[\d.]+ [KMG]iB)", _OOM),
        sources=("documented: out of memory at run; PyTorch’s own words",),
        depth=Depth.GENERAL,
        change=changes.less_memory_use,
        documented=True,
    ),
    Rule(
        code="main-memory-short-for-prefetch",
        title="The checkpoint is too large for the machine’s memory to read it ahead",
        cause="The checkpoint has {size} GiB and the machine {ram} GiB of free memory, so that its files are "
        "read one after another: minutes longer, all of them billed.",
        remedy="Ask for more memory, so that the checkpoint is less than nine tenths of it.",
        patterns=said(
            r"Auto-prefetch is disabled because .*checkpoint size \((?P<size>[\d.]+) GiB\) exceeds 90% of "
            r"available RAM \((?P<ram>[\d.]+) GiB\)"
        ),
        sources=("documented: slow load, second form",),
        level=Level.WARNING,
        change=changes.memory_for_checkpoint,
        slows=True,
        documented=True,
    ),
    Rule(
        code="killed-from-outside",
        title="The engine was killed from outside",
        cause="A process of the engine ended by signal 9. Nobody in the panel sends that: most often the "
        "machine had no memory left.",
        remedy="Ask for more memory. If it has enough, start again: the machine itself may have failed.",
        patterns=said(
            r"Worker proc \S+ died unexpectedly \(exit code: -9\)",
            r"pilotlight: engine exited code=-9 ",
        ),
        sources=("read in the sources of vLLM 0.33", "the deployed module’s own line"),
        depth=Depth.GENERAL,
        documented=True,
    ),
    Rule(
        code="disk-full",
        title="The disk is full",
        cause="There was no room for another file.",
        remedy="Keep the weights on a volume, and take from it what nobody uses any more.",
        patterns=said(
            r"(?:\w+\.)*\w*Error: (?:.{0,160}?)(?:\[Errno 28\]|No space left on device)",
            r"(?:\w+: )*No space left on device",
        ),
        sources=("documented: disk short; the operating system’s own words",),
        documented=True,
    ),
)
