#!/usr/bin/env bash
# Schemathesis, all phases with a fixed seed, over the whole OpenAPI document of a server that runs.
# What may pass is listed in ci/schemathesis.toml, each with its reason.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh

answer_seconds_max=60
run_seconds_max=240

# The reference workspace in git, with a second version, so that there is something to compare.
make_workspace() {
  box=$(mktemp -d)
  workspace=$box/workspace
  mkdir "$workspace"
  cp -r luthier.toml tools state tests ci "$workspace"
  local who=(-c user.name=fuzz -c user.email=fuzz@localhost.invalid)
  git -C "$workspace" init -q -b main
  local number
  for number in 0.1.0 0.1.1; do
    printf '# %s\n' "$number" >>"$workspace/tools/runner/__init__.py"
    git -C "$workspace" add -A
    git -C "$workspace" "${who[@]}" commit -q -m "make $number"
    git -C "$workspace" "${who[@]}" tag -a -m "make $number" "v$number"
  done
}

# Serves the workspace, and leaves its address in `url`.
start_server() {
  local line pipe=$box/ready
  mkfifo "$pipe"
  "$luthier" --workspace "$workspace" up --port 0 --json >"$pipe" 2>"$box/server.log" &
  server=$!
  exec 3<"$pipe"
  read -r -t "$answer_seconds_max" line <&3 || fail "the server did not start: $(cat "$box/server.log")"
  url=$("$PYO3_PYTHON" -c 'import json, sys; print(json.loads(sys.argv[1])["url"])' "$line")
}

tidy_up() {
  local status=$?
  if [ -n "${server:-}" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  if [ $status -ne 0 ] && [ -s "${box:-}/server.log" ]; then
    say "the server said"
    tail -n 20 "$box/server.log" >&2
  fi
  rm -rf "${box:-}"
}

trap tidy_up EXIT
set_up
set_up_schemathesis || fail "schemathesis cannot be had"
cargo build --release -q --bin luthier
luthier=$(realpath "$target/release/luthier")
schemathesis=$(realpath "$target/tools/schemathesis-$schemathesis_version/bin/schemathesis")
configuration=$(realpath ci/schemathesis.toml)
make_workspace
start_server
# Whatever it leaves in the folder it runs in goes with the rest.
cd "$box"
timeout "$run_seconds_max" "$schemathesis" --config-file "$configuration" --no-color run \
  "$url/openapi.json" --phases examples,coverage,fuzzing,stateful --checks all ||
  fail "the paths and their description disagree"
