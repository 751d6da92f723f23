"""A stand-in for vLLM: same command line, log lines, routes and metrics; no model, no GPU, no cost."""
