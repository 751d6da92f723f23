"""vLLM's log lines, 0.26 to 0.33, as facts.

Lines carry `(Process pid=N) LEVEL MM-DD HH:MM:SS [file.py:NN] ` or parts of it or nothing; several processes
write into one line; progress bars come with carriage returns. Line numbers are never matched. Patterns match
from the start of what is left after the prefix, so that a prompt that quotes a log line is not taken for one.
"""

import re
from dataclasses import dataclass

from .base import (
    BootPhase,
    DeathFact,
    ExceptionFact,
    Fact,
    MemoryFact,
    PhaseFact,
    SpeculationFact,
    TrafficFact,
)
from .vllm_deaths import DEATHS, ROOT_CAUSES

_PROCESS = re.compile(r"\((?P<process>[A-Z][\w-]*)(?: \w+=\d+)*? pid=\d+\) ?")
_SPLIT = re.compile(r"[\r\n]+|(?<=.)(?=\([A-Z][\w-]*(?: \w+=\d+)*? pid=\d+\))")
_STAMP = re.compile(
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)"
    r"(?::\s+| \d\d-\d\d \d\d:\d\d:\d\d \[(?P<file>[\w.]+):\d+\] ?)"
)
_EXCEPTION = re.compile(r"(?:\w+\.)*(?P<name>[A-Z]\w*(?:Error|Exception|Interrupt|Exit))(?:: |$)")

_STEPS = r"\s*\d+%\D.*?(?P<done>\d+)/(?P<total>\d+)"
_TAG = r"(?:\[[^\]]*\] )?"

# In the order of a boot. KV sizes open the warm-up: kernels, graphs and caches are made ready from there on.
_PHASES: tuple[tuple[BootPhase, re.Pattern[str]], ...] = tuple(
    (phase, re.compile(pattern))
    for phase, pattern in (
        (BootPhase.DOWNLOAD, rf"Fetching \d+ files:{_STEPS}"),
        (BootPhase.DOWNLOAD, r"[\w./-]+\.(?:safetensors|bin|json):\s+\d+%\|"),
        (BootPhase.DOWNLOAD, r"(?P<all>Time spent downloading weights) for "),
        (BootPhase.WEIGHTS, r"Starting to load model |Loading model from scratch|Loading drafter model"),
        (BootPhase.WEIGHTS, r"Filesystem type for checkpoints: "),
        # The percentage of this line counts messages, not files: only (n/m) means something.
        (BootPhase.WEIGHTS, r"Prefetching checkpoint files:\s*\d+% \((?P<done>\d+)/(?P<total>\d+)\)"),
        (BootPhase.WEIGHTS, rf"(?:Loading \w+ checkpoint shards|Multi-thread loading shards):{_STEPS}"),
        (BootPhase.WEIGHTS, r"(?P<all>Loading weights took|Model loading took) "),
        (BootPhase.COMPILE, rf"{_TAG}(?:Starting torch\.compile|Dynamo bytecode transform time)"),
        (
            BootPhase.COMPILE,
            rf"{_TAG}(?:Compiling a graph for|Cache the graph of compile range|Directly load)",
        ),
        (BootPhase.COMPILE, rf"{_TAG}Using cache directory: \S+ for vLLM's torch\.compile"),
        (BootPhase.COMPILE, rf"{_TAG}(?P<all>torch\.compile took) "),
        (BootPhase.WARMUP, r"Available KV cache memory: |[CG]PU KV cache size: |Maximum concurrency for "),
        (BootPhase.WARMUP, rf"(?:DeepGEMM warmup|Capturing CUDA graphs? \([^)]*\)):{_STEPS}"),
        (BootPhase.WARMUP, r"\d{4}-[\d :,-]+ - INFO - \S+ - flashinfer\.jit: \[Autotuner\]"),
        (BootPhase.WARMUP, r"Graph capturing finished in |Kernel JIT monitor activated"),
        (BootPhase.SERVER, r"init engine \([^)]*\) took |Starting vLLM server on "),
        (BootPhase.READY, r"Application startup complete\.$"),
    )
)

_MEMORY = re.compile(
    r"Model loading took (?P<weights>\d+(?:\.\d+)?) GiB(?: memory)? and "
    r"|Available KV cache memory: (?P<cache>\d+(?:\.\d+)?) GiB"
    r"|[CG]PU KV cache size: (?P<tokens>\d[\d,]{0,20}) tokens"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line that one process wrote, without its prefix: `text` is what it said."""

    process: str
    level: str
    file: str
    text: str


def read(line: str) -> tuple[Fact, ...]:
    """The facts of one line, in order; those of a progress bar's overwritten states included."""
    facts = (fact for piece in pieces(line) for fact in (_fact(piece), _memory(piece.text)))
    return tuple(fact for fact in facts if fact is not None)


def pieces(line: str) -> list[Piece]:
    """What each process wrote into one line; an empty list for a blank one."""
    return [_piece(part) for part in _SPLIT.split(line) if part.strip()]


def _piece(part: str) -> Piece:
    process = level = file = ""
    while found := _PROCESS.match(part):
        process, part = found["process"], part[found.end() :]
    if found := _STAMP.match(part):
        level, file, part = found["level"], found["file"] or "", part[found.end() :]
    return Piece(process, level, file, part.rstrip())


def _fact(piece: Piece) -> Fact | None:
    if piece.text.startswith("Engine "):
        return _traffic(piece.text)
    if piece.text.startswith("SpecDecoding metrics: "):
        return _speculation(piece.text)
    return _phase(piece.text) or _death(piece)


def _phase(text: str) -> PhaseFact | None:
    for phase, pattern in _PHASES:
        if found := pattern.match(text):
            return PhaseFact(phase, _progress(found), _short(found, text))
    return None


def _short(found: re.Match[str], text: str) -> str:
    """`DeepGEMM warmup 1524/2161` for a progress bar; other lines as they are."""
    parts = found.groupdict()
    if not parts.get("total"):
        return text
    return f"{text.partition(':')[0]} {parts['done']}/{parts['total']}"


def _progress(found: re.Match[str]) -> float | None:
    parts = found.groupdict()
    if parts.get("all"):
        return 1.0
    if not parts.get("total"):
        return None
    total = int(parts["total"])
    return min(int(parts["done"]) / total, 1.0) if total else None


def _memory(text: str) -> MemoryFact | None:
    if found := _MEMORY.match(text):
        tokens = found["tokens"]
        return MemoryFact(
            weights_gib=float(found["weights"]) if found["weights"] else None,
            cache_gib=float(found["cache"]) if found["cache"] else None,
            cache_tokens=int(tokens.replace(",", "")) if tokens else None,
        )
    return None


def _traffic(text: str) -> TrafficFact | None:
    """Named parts in any order: versions put `Deferred`, `KV fetch` or `Preemptions` between them."""
    _, _, rest = text.partition(": ")
    parts = dict(part.split(": ", 1) for part in rest.split(", ") if ": " in part)
    cache = next((value for name, value in parts.items() if name.endswith("KV cache usage")), None)
    if cache is None or "Avg generation throughput" not in parts:
        return None
    return TrafficFact(
        running=int(_number(parts.get("Running"))),
        waiting=int(_number(parts.get("Waiting"))),
        prompt_tokens_per_s=_number(parts.get("Avg prompt throughput")),
        generation_tokens_per_s=_number(parts.get("Avg generation throughput")),
        kv_cache_use=_number(cache) / 100,
        prefix_hit_rate=_number(parts.get("Prefix cache hit rate")) / 100,
        preemptions=int(_number(parts["Preemptions"])) if "Preemptions" in parts else None,
    )


def _number(text: str | None) -> float:
    """The number that `text` begins with; 0 for `nan` and for nothing."""
    found = re.match(r"\d+(?:\.\d+)?", text or "")
    return float(found[0]) if found else 0.0


def _speculation(text: str) -> SpeculationFact | None:
    found = re.search(r"Mean acceptance length: (nan|\d+(?:\.\d+)?)", text)
    if found is None:
        return None
    accepted = re.search(r"Avg Draft acceptance rate: (\d+(?:\.\d+)?)%", text)
    return SpeculationFact(
        None if found[1] == "nan" else float(found[1]), float(accepted[1]) / 100 if accepted else None
    )


def _death(piece: Piece) -> DeathFact | ExceptionFact | None:
    text = piece.text.strip()
    exception = _EXCEPTION.match(text)
    # Said of every request that was under way, and in clean stops too: it names nothing and proves nothing.
    if exception and exception["name"] == "EngineDeadError":
        return None
    if any(pattern.match(text) for pattern in DEATHS):
        return DeathFact(text)
    if any(pattern.match(text) for pattern in ROOT_CAUSES) or (exception and _engine_spoke(piece)):
        return DeathFact(text, root=True)
    return ExceptionFact(text) if exception else None


def _engine_spoke(piece: Piece) -> bool:
    """The engine's own processes serve no HTTP: what they raise is what they died of. Below them the API
    server prints exceptions of single requests in the same form."""
    if not piece.process.startswith(("EngineCore", "Worker", "VllmWorker")):
        return False
    return piece.level == "" or (piece.level == "ERROR" and piece.file == "core.py")
