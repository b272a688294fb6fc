#!/usr/bin/env bash
# Learns over MCP from a server that runs: what the algorithms reach is held against what is published
# of them (ci/learning.py), and the example is run whose tool gets better by being used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh
# shellcheck source=ci/server.sh
. ci/server.sh

run_seconds_max=480

set_up
build_luthier
timeout "$run_seconds_max" "$PYO3_PYTHON" -B ci/learning.py "$luthier" ||
  fail "something was not learned as well as it should be"
timeout "$run_seconds_max" "$PYO3_PYTHON" -B examples/learning-to-pick/run.py "$luthier" ||
  fail "the example gained nothing for sure"
