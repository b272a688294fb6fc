#!/usr/bin/env bash
# Schemathesis, all phases with a fixed seed, over the whole OpenAPI document of a server that runs.
# What may pass is listed in ci/schemathesis.toml, each with its reason.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh
# shellcheck source=ci/server.sh
. ci/server.sh

run_seconds_max=240

# The reference workspace in git, with a second version, so that there is something to compare.
make_workspace() {
  box=$(mktemp -d)
  workspace=$box/workspace
  mkdir "$workspace"
  cp -r luthier.toml tools state tests ci "$workspace"
  local who=(-c user.name=fuzz -c user.email=fuzz@localhost.invalid)
  git -C "$workspace" init -q -b main
  local turn
  for turn in first second; do
    printf '# %s\n' "$turn" >>"$workspace/tools/runner/__init__.py"
    git -C "$workspace" add -A
    git -C "$workspace" "${who[@]}" commit -q -m "make the $turn"
    "$luthier" --workspace "$workspace" release || fail "the $turn version was not proved"
  done
}

trap tidy_up EXIT
set_up
set_up_schemathesis || fail "schemathesis cannot be had"
build_luthier
schemathesis=$(realpath "$target/tools/schemathesis-$schemathesis_version/bin/schemathesis")
configuration=$(realpath ci/schemathesis.toml)
make_workspace
start_server
# Whatever it leaves in the folder it runs in goes with the rest.
cd "$box"
timeout "$run_seconds_max" "$schemathesis" --config-file "$configuration" --no-color run \
  "$url/openapi.json" --phases examples,coverage,fuzzing,stateful --checks all ||
  fail "the paths and their description disagree"
