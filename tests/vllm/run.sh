#!/usr/bin/env bash
# The engine contract suite and the playground against a real vLLM on the CPU. The first run installs about 3.5 GB into .venv-vllm.
set -euo pipefail
cd "$(dirname "$0")/../.."
"${PYTHON:-python3}" tests/vllm/setup_vllm.py
export PILOTLIGHT_TEST_VLLM="$PWD/.venv-vllm/bin/vllm"
exec .venv/bin/python -m pytest -m vllm -p no:randomly tests/contracts/engine tests/chat/runner/test_real_vllm.py \
  tests/deployments/engines/validation/test_real_parser.py "$@"
