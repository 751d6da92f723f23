"""What an estimate assumes of a model, in words: so that nobody takes a guess for a count."""

from collections.abc import Iterator, Mapping
from typing import Any

from .quantization import read_quantization
from .shape import Shape, architecture_of, language_model, read_config

# Counted and then compared with an engine's own lines; the recordings are under tests/.
COMPARED = frozenset({"LlamaForCausalLM", "Glm4MoeForCausalLM", "GlmMoeDsaForCausalLM"})
# Counted, and equal to the number of parameters that their publishers give.
COUNTED = frozenset(
    {
        "DeepseekV3ForCausalLM", "Gemma2ForCausalLM", "GptOssForCausalLM", "MistralForCausalLM",
        "MixtralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "Qwen3MoeForCausalLM",
    }
)  # fmt: skip


def assumed(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What is assumed of the model of a `config.json`; raises ConfigError as `read_config` does."""
    return tuple(_assumed(config, read_config(config)))


def _assumed(config: Mapping[str, Any], shape: Shape) -> Iterator[str]:
    text = language_model(config)
    yield _family(architecture_of(config))
    guess = read_quantization(text, shape.layers).guess
    if guess:
        yield guess
    if shape.plain_attention:
        yield "Attention stays in 16 bits; the rest is stored as the checkpoint says."
    if any(config.get(name) for name in ("vision_config", "audio_config", "vision_tower")):
        yield "It also sees or hears: the weights for that are not counted, often a few GiB on every GPU."
    if shape.sliding_layers:
        yield (
            f"{shape.sliding_layers} of {shape.layers} layers keep the last {shape.window:,} tokens alone; "
            "the engine’s blocks may round that up."
        )
    if shape.stateful_layers:
        yield (
            f"{shape.stateful_layers} of {shape.layers} layers keep a state instead of tokens; the state of "
            "each request is not counted, nor are weights that only such layers have."
        )
    if config.get("is_encoder_decoder"):
        yield "It has an encoder: only the decoder is counted."
    if shape.draft_layers:
        yield f"Its {shape.draft_layers} draft layer is counted where speculation with mtp is on."


def _family(architecture: str) -> str:
    if architecture in COMPARED:
        return f"{architecture}: counted, and compared with what an engine printed."
    if architecture in COUNTED:
        return (
            f"{architecture}: counted, and equal to its published number of parameters; never measured here."
        )
    name = architecture or "A model without a name"
    return (
        f"{name} is not known here: it is counted as a decoder whose layers have attention and a gated "
        "feed-forward part of three matrices, as nearly all have."
    )
