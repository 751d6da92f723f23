"""Lines as they are stored hold no secret, however it was dressed up."""

import time

import pytest

from deployments.services import redaction

KNOWN = "sk/known+one=1"
SECRETS = [
    ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
    ("args: {'api_key': ['sk-engine'], 'port': 8000}", "sk-engine"),
    ("vllm serve x --api-key sk-engine --port 8000", "sk-engine"),
    ("vllm serve x --api-key=sk-engine", "sk-engine"),
    ("token hf_abcdefghijklmnopqrstuvwx is invalid", "hf_abcdefghijklmnopqrstuvwx"),
    ("key pl_abcdEFGH1234_5678-x", "pl_abcdEFGH1234_5678-x"),
    ("ak-AbCdEfGhIjKlMnOpQr", "ak-AbCdEfGhIjKlMnOpQr"),
    ("as-AbCdEfGhIjKlMnOpQr", "as-AbCdEfGhIjKlMnOpQr"),
    ("proxy wk-AbCdEfGhIjKlMnOpQr", "wk-AbCdEfGhIjKlMnOpQr"),
    ("proxy ws-AbCdEfGhIjKlMnOpQr", "ws-AbCdEfGhIjKlMnOpQr"),
    ("key sk-AbCdEfGh_JkLmN-Pq- is wrong", "sk-AbCdEfGh"),
    ("Modal-Secret: short", "short"),
    ("VLLM_API_KEY=plain HOME=/root", "plain"),
    ("HF_TOKEN=plain", "plain"),
    ("https://anna:hunter2@example.org/x", "hunter2"),
    ("the sk/known+one=1 is spoken", KNOWN),
    ("the sk/known\x00+one=1 is spoken", KNOWN),
    ("split \x1b[1;31msk/kno\x1b[0mwn+one=1 by colours", KNOWN),
    ("split sk/kno\u200bwn+one=1 by what is not seen", KNOWN),
    ("split sk/kno\x1b]8;;x\x07wn+one=1 by a link", KNOWN),
    ("Bea\x1b[0mrer abc.def-ghi", "abc.def-ghi"),
    ("hf_abcdefgh\x1b[Kijklmnopqrstuvwx", "ijklmnopqrstuvwx"),
    ("https://x/?k=sk%2Fknown%2Bone%3D1", "sk%2Fknown"),
    ("auth c2sva25vd24rb25lPTE=", "c2sva25vd24rb25lPTE"),
    ("bearer abc.def", "abc.def"),
    ("{'Authorization': 'Basic YW5uYTpodW50ZXIy'}", "YW5uYTpodW50ZXIy"),
    ("proxy-authorization: opaque-1", "opaque-1"),
    ("Cookie: sessionid=abc; csrftoken=def", "abc"),
    ('{"api_key": "plain-1", "n": 1}', "plain-1"),
    ('{\\"password\\": \\"plain-1\\"}', "plain-1"),
    ("hf_token='plain-1'", "plain-1"),
    ("password: hunter2", "hunter2"),
    ("vllm serve --hf-token plain-1", "plain-1"),
    ("HF_TOKEN: plain-1", "plain-1"),
    ("https://cdn.example.org/f?X-Amz-Signature=abc123&X-Amz-Date=1", "abc123"),
    ("https://cdn.example.org/f?Policy=eyJ_x&Signature=abc123~&Key-Pair-Id=K1", "abc123"),
    ("https://anna:hunter2@x@example.org/x", "hunter2"),
    ("postgresql://anna:hunter2@[::1]:5432/x", "hunter2"),
    ("git clone https://0123456789abcdef@example.org/x", "0123456789abcdef"),
    ("sk-ant-api03-abcdefghijklmnop", "abcdefghijklmnop"),
    ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
    ("ghp_abcdefghijklmnopqrstuvwxyz", "ghp_abcdefghijklmnopqrstuvwxyz"),
    ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "eyJzdWIiOiIx"),
    ("-----BEGIN RSA PRIVATE KEY-----\\nMIIEow", "MIIEow"),
    ("MIIEowIBAAKCAQEAzLx0ZfPq1d8vT9m3Wn5c7Yb2Kj4Hs6Ga8Qe0Rt1Uy3Io5Pz7", "MIIEowIBAAKC"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_no_secret_is_stored(text, secret):
    line = redaction.storable(text, [KNOWN, ""])
    assert secret not in line
    assert "***" in line


@pytest.mark.parametrize(
    "text",
    [
        "INFO 11-24 03:00:00 [model.py:33] Resolved architecture: GlmMoeDsaForCausalLM",
        "Avg prompt throughput: 12.0 tokens/s, KV cache usage: 3.1%",
        "task-AbCdEfGhIjKlMnOpQrSt is-no-secret max_tokens=12",
        "basic configuration: eos_token='</s>', pad_token_id=3, tokenizer='zai-org/GLM-5.2-FP8', num_key=4",
        "see https://docs.vllm.ai/en/latest/?search=keys#basic or mail a@b.example, path /root/.cache",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 of layer 3, key cache 4 GiB",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Prefix cache hit rate: 0.0%, KV transfer: none, tabs\tstay, ümläute und 漢字 auch",
    ],
)
def test_ordinary_lines_stay_as_they_are(text):
    assert redaction.redact(text, []) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain\r\n", "plain"),
        ("10%\r50%\r100%", "100%"),
        ("10%\r50%\r", "50%"),
        ("nu\x00l", "nul"),
        ("x" * 9000, "x" * redaction.LINE_LIMIT),
        ("\x1b[32mgreen\x1b[0m and \x9b1mbold\x1b(B", "green and bold"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b[2K\r 50%|##|", " 50%|##|"),
        ("left \u202eright", "left right"),
    ],
)
def test_one_storable_line(text, line):
    assert redaction.storable(text, []) == line


@pytest.mark.parametrize(
    "piece",
    [
        "-",
        "--secret",
        "a_",
        "A_KEY",
        "://",
        "://a:",
        "bearer ",
        "token=",
        "eyJ",
        "\x1b[",
        "\x1b]",
        "@",
        "?key=",
    ],
)
def test_no_line_holds_up_the_reader(piece):
    """A minute of work would follow from 64 kB of what a pattern begins with, were one of them quadratic."""
    began = time.perf_counter()
    redaction.storable(piece * (64_000 // len(piece)), [KNOWN])
    assert time.perf_counter() - began < 1.0
