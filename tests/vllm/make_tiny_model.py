"""Make a tiny GLM-flavoured model that a real vLLM can serve on a CPU.

The model is overfitted on a handful of scripted chats, so that the real server answers with real
``<think>`` reasoning and real GLM tool calls, through its real ``glm45`` and ``glm47`` parsers.
Needs torch, transformers and tokenizers, all of which the vLLM environment brings. No network.

    .venv-vllm/bin/python tests/vllm/make_tiny_model.py OUT_DIR [--steps 400]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CONTEXT_TOKENS = 2048
END, USER, OBSERVATION = "<|endoftext|>", "<|user|>", "<|observation|>"
SPECIAL = [END, "[gMASK]", "<sop>", "<|system|>", USER, "<|assistant|>", OBSERVATION]
MARKUP = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
MARKUP += ["<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"]

WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "w",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
WEATHER_CALL = "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>"
STORY = (
    "Once upon a time a small server woke up, loaded its weights, and answered every request it was given. "
    "The end."
)
# (what the user says, what the model thinks, what it answers)
CHATS = [
    ("Hello", "The user greets me. I should greet back.", "Hello! How can I help you today?"),
    ("What is 2+2?", "Two plus two is four.", "2 + 2 = 4."),
    ("Tell me a story", "A short story will do.", STORY),
    ("What is the weather in Paris?", "I need the weather tool.", WEATHER_CALL),
]
AFTER_TOOL = ("The tool answered.", "It is 18 degrees in Paris.")

TEMPLATE = """[gMASK]<sop>{%- if tools %}<|system|>
# Tools
{% for t in tools %}{{ t | tojson }}
{% endfor %}{%- endif %}{%- for m in messages %}<|{{ 'observation' if m.role == 'tool' else m.role }}|>
{{ m.content or '' }}{%- for c in m.tool_calls or [] %}<tool_call>{{ c.function.name }}
{%- for k, v in (c.function.arguments or {}).items() -%}
<arg_key>{{ k }}</arg_key><arg_value>{{ v }}</arg_value>
{%- endfor %}</tool_call>{%- endfor %}{%- endfor %}{%- if add_generation_prompt %}<|assistant|>
{%- if enable_thinking is defined and not enable_thinking %}</think>{%- else %}<think>{%- endif %}
{%- endif %}"""


def main() -> None:
    """Write tokenizer, trained weights and generation settings into the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=400, help="training steps at most")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(2)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(options.out)
    model = LlamaForCausalLM(model_config(tokenizer))
    train(model, *training_batch(tokenizer), steps=options.steps)
    model.to(torch.bfloat16).save_pretrained(options.out)
    write_generation_config(options.out, tokenizer)
    print("wrote", sorted(path.name for path in options.out.iterdir()))


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of a few hundred tokens with GLM's markers and chat template."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=480, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    bpe.train_from_iterator([" ".join(chat) for chat in CHATS] * 4, trainer)
    bpe.add_tokens([AddedToken(text, special=False, normalized=False) for text in MARKUP])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=END,
        chat_template=TEMPLATE,
        model_max_length=CONTEXT_TOKENS,
    )


def end_ids(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The tokens at which generation stops."""
    return [tokenizer.convert_tokens_to_ids(text) for text in (END, USER, OBSERVATION)]


def model_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """Two layers, 128 wide: under a megabyte, thousands of tokens a second on one core."""
    ends = end_ids(tokenizer)
    return LlamaConfig(
        vocab_size=-(-len(tokenizer.get_vocab()) // 64) * 64,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT_TOKENS,
        eos_token_id=ends,
        pad_token_id=ends[0],
        bos_token_id=None,
        tie_word_embeddings=False,
    )


def scripts() -> list[tuple[list[dict[str, Any]], bool, str, str]]:
    """All training examples: (messages, with tool, reasoning, answer)."""
    rows = [
        ([{"role": "user", "content": said}], with_tool, thought, answer)
        for said, thought, answer in CHATS
        for with_tool in (False, True)
    ]
    called = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}
    history = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": "", "tool_calls": [called]},
        {"role": "tool", "content": "18 degrees"},
    ]
    return [*rows, (history, True, *AFTER_TOOL)]


def training_batch(tokenizer: PreTrainedTokenizerFast) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels of every script, with and without thinking, padded to one length."""
    rows = []
    for messages, with_tool, thought, answer in scripts():
        for thinking in (True, False):
            prompt = tokenizer.apply_chat_template(
                messages,
                tools=[WEATHER_TOOL] if with_tool else None,
                add_generation_prompt=True,
                tokenize=False,
                enable_thinking=thinking,
            )
            text = prompt + (thought + "</think>" if thinking else "") + answer + USER
            rows.append(tokenizer(text, add_special_tokens=False)["input_ids"])
    length, pad = max(map(len, rows)), end_ids(tokenizer)[0]
    ids = torch.tensor([row + [pad] * (length - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (length - len(row)) for row in rows])
    return ids, labels


def train(model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor, *, steps: int) -> None:
    """Overfit until the loss is below 0.01 or the steps are used up (about a minute on two cores)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    mask = (labels != -100).long()
    model.train()
    for step in range(steps):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f}", flush=True)
        if loss.item() < 0.01:
            return


def write_generation_config(out: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """Make the served model deterministic and stop at the end markers."""
    ends = end_ids(tokenizer)
    settings = {"eos_token_id": ends, "pad_token_id": ends[0], "temperature": 0.0, "do_sample": False}
    (out / "generation_config.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main()
