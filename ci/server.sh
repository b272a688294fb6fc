# A server of `$workspace`, for a script that has `$box`, a folder for itself.
# shellcheck shell=bash disable=SC2034,SC2154 # what is set elsewhere, and what is used there

server_seconds_max=60

# Builds the program and leaves its path in `luthier`, or takes what the tests have built of the same tree.
build_luthier() {
  if [ -n "${CI_LUTHIER:-}" ]; then
    luthier=$(realpath "$CI_LUTHIER")
    return
  fi
  cargo build --release -q --workspace --exclude benches --bin luthier
  luthier=$(realpath "$target/release/luthier")
}

# Serves the workspace, and leaves its address in `url`.
start_server() {
  local line pipe=$box/ready
  mkfifo "$pipe"
  "$luthier" --workspace "$workspace" up --port 0 --json >"$pipe" 2>"$box/server.log" &
  server=$!
  exec 3<"$pipe"
  read -r -t "$server_seconds_max" line <&3 || fail "the server did not start: $(cat "$box/server.log")"
  url=$("$PYO3_PYTHON" -c 'import json, sys; print(json.loads(sys.argv[1])["url"])' "$line")
}

# For a trap at the exit: says why it failed, if it did, and leaves nothing behind.
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
