"""Right and wrong objects behind flags, as vLLM 0.32 judges them: a row is the typed flags, the code, and
words of the message.

INNER is refused by the engine's own argument parser, LATER by the class that reads the object after it.
"""

Row = tuple[tuple[str, ...], str, str]

INNER: list[Row] = [
    (("--compilation-config", '{"mode": 99}'), "wrong-choice", "VLLM_COMPILE, 0, 1, 2, 3; 99"),
    (("--compilation-config", '{"mode": "vllm_compil"}'), "wrong-choice", "Write VLLM_COMPILE"),
    (("--compilation-config.mode", "99"), "wrong-choice", "--compilation-config.mode"),
    (("-cc.mode=99",), "wrong-choice", "99 is none of these"),
    (("-cc", '{"mode": "3"}'), "wrong-choice", "Write 3"),
    (("-cc.cudagraph_mode", "PIECEWIZE"), "wrong-choice", "PIECEWISE"),
    (("-cc.cudagraph-mode", "NONE"), "unknown-key", "cudagraph_mode"),
    (("--compilation_config.cudagraf_mode", "NONE"), "unknown-key", "cudagraph_mode"),
    (("--compilation-config", '{"moed": 3, "cache_dir": 7}'), "unknown-key", "did you mean mode"),
    (("--compilation-config", '{"moed": 3, "cache_dir": 7}'), "wrong-type", "a text"),
    (("-cc.warp", "3"), "unknown-key", "its keys are"),
    (("-cc.pass_config.fuse_norm_qant", "true"), "unknown-key", "fuse_norm_quant"),
    (("-cc.pass_config.fuse_norm_quant", "perhaps"), "wrong-type", "true or false"),
    (("--compilation-config", '{"pass_config": {"warp": 1}}'), "unknown-key", "pass_config knows no warp"),
    (("-cc.cudagraph_capture_sizes+", "1,two"), "wrong-type", "each part of which is a whole number"),
    (("-cc.custom_ops", "none,+rms_norm"), "wrong-type", "a list"),
    (("-cc.custom_ops", "[7]"), "wrong-type", "each part of which is a text"),
    (("-cc.cudagraph_num_of_warmups=1.5",), "wrong-type", "a whole number"),
    (("--compilation-config", "{'mode': 3,}"), "wrong-type", "Write it as JSON"),
    (("--compilation-config", '{"mode": 3'), "wrong-type", "a JSON object"),
    (("--kv-transfer-config", '{"kv_role": "kv_producr"}'), "wrong-choice", "kv_producer"),
    (("--kv-transfer-config", '{"kv_conector": "x"}'), "unknown-key", "kv_connector"),
    (("--kv-transfer-config.kv_port", "high"), "wrong-type", "a whole number"),
    (("--kv-transfer-config", "null"), "wrong-type", "a JSON object"),
    (("--eplb-config.window_size", "0"), "wrong-value", "more than 0"),
    (("--attention-config.backend", "FLASH_ATN"), "wrong-choice", "FLASH_ATTN"),
    (("--attention-config.tokenspeed_mla_min_split_kv", "300"), "wrong-value", "at most 256"),
    (("--structured-outputs-config", '{"backend": "xgramar"}'), "wrong-choice", "xgrammar"),
    (("--pooler-config", '{"pooling_type": "mean"}'), "wrong-choice", "MEAN"),
]

LATER: list[Row] = [
    (("--watermark-config", '{"algoritm": "gumbel"}'), "unknown-key", "algorithm"),
    (("--watermark-config.alpha", "2"), "wrong-value", "at most 1"),
    (("--limit-mm-per-prompt", '{"image": "many"}'), "wrong-type", "--limit-mm-per-prompt.image takes"),
    (("--limit-mm-per-prompt.image", "many"), "wrong-type", "a whole number or an object"),
    (("--media-io-kwargs", '{"video": 3}'), "wrong-type", "an object"),
    (("--hf-overrides", "warp"), "wrong-type", "an object"),
    (("-O9",), "wrong-choice", "one of 0, 1, 2, 3"),
    (("--optimization-level", "fast"), "wrong-choice", "'fast' is none of these"),
    (("--diffusion-config", '{"canvas_length": "wide"}'), "wrong-type", "the start dies later"),
]

# What a click writes in the place of the typed flags.
MENDED: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("-cc.cudagraph-mode", "NONE"), ("-cc.cudagraph_mode", "NONE")),
    (("-cc.cudagraph_mode=PIECEWIZE",), ("-cc.cudagraph_mode=PIECEWISE",)),
    (("-cc", '{"mode": "3", "cache_dir": "x"}'), ("-cc", '{"mode": 3, "cache_dir": "x"}')),
    (("--compilation-config={'mode': 3,}",), ('--compilation-config={"mode": 3}',)),
    (("-cc.pass_config.fuse_norm_qant", "true"), ("-cc.pass_config.fuse_norm_quant", "true")),
    (("-cc.custom_ops", "none,+rms_norm"), ("-cc.custom_ops", '["none", "+rms_norm"]')),
    (("--eplb-config.window_size", "0"), ("--eplb-config.window_size", "1")),
    (("--seed", "1", "-cc.warp", "3"), ("--seed", "1")),
    (("-cc.pass_config.warp_speed", "9"), ()),
]

# Taken by the parser and by whatever reads the object.
INNER_RIGHT: list[tuple[str, ...]] = [
    ("--compilation-config", '{"mode": 3, "cudagraph_mode": "full_and_piecewise"}'),
    ("-cc.mode", "vllm_compile"),
    ("-cc.mode=NONE",),
    ("-cc.mode", "99", "-cc.mode", "3"),  # the last one wins before anybody looks
    ("-cc.cudagraph_capture_sizes+", "1,2,4"),
    ("-cc.cudagraph_capture_sizes", "[1, 2]", "-cc.custom_ops+=none,+rms_norm"),
    ("-cc.compile_mm_encoder", "yes", "-cc.cudagraph_num_of_warmups", "2.0"),
    ("-cc.inductor_compile_config.whatever", "1"),
    ("--compilation-config", '{"pass_config": {"fuse_norm_quant": null}, "debug_dump_path": "/tmp"}'),
    ("--kv-transfer-config", '{"kv_connector": "X", "kv_role": "kv_both", "kv_port": 14k}'),
    ("--kv-transfer-config", '{"kv_connector_extra_config": {"any": {"thing": [1]}}}'),
    ("--kv-transfer-config", "None"),
    ("--attention-config.backend", "flash_attn", "--attention-config.flash_attn_version", "3"),
    ("--kernel-config.moe_backend", "Deep-GEMM"),
    ("--aux-output-config.max_bytes", "8G"),
    ("--hf-overrides.warp", "9", "--override-generation-config", '{"anything": "x"}'),
    ("--limit-mm-per-prompt", '{"image": 2}', "--limit-mm-per-prompt.smell", "1"),
    ("--watermark-config", '{"key": 1, "deduplicate-contexts": "all"}'),
    ("-O3",),
    ("-O=2",),
    ("--optimization-level", "0", "--limit-mm-per-prompt", '{"image": {"count": 2}, "video": "3"}'),
    ("--media-io-kwargs", '{"video": {"num_frames": 40}}', "--hf-overrides", '{"a": {"b": null}}'),
]
