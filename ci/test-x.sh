#!/usr/bin/env bash
# Tests of ./x on a machine that has nothing, played by a PATH that has nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
repository=$box/repository
mkdir -p "$repository/ci" "$box/home"
cp x rust-toolchain.toml "$repository/"
cp ci/setup.sh "$repository/ci/"

# A machine: a folder of the programs it has. Everything else is absent.
machine() {
  local folder=$box/$1 name
  mkdir -p "$folder"
  for name in bash cat cut dirname env grep mkdir mv sed sha256sum tr; do
    ln -s "$(command -v "$name")" "$folder/$name"
  done
}

# A program that notes how it was called and ends with a status.
stub() {
  printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$(basename "$1")" "$box/calls" "$2" >"$1"
  chmod +x "$1"
}

# Runs ./x there; leaves its output and status, and the calls of stubs.
run_on() {
  local folder=$box/$1
  shift
  : >"$box/calls"
  status=0
  output=$(env -i PATH="$folder" HOME="$box/home" PYO3_PYTHON="$box/python" \
    "$repository/x" "$@" 2>&1 </dev/null) || status=$?
  calls=$(<"$box/calls")
}

expect() {
  local what=$1 found=$2 wanted=$3
  # shellcheck disable=SC2053 # The right side is a pattern.
  if [[ $found != $wanted ]]; then
    printf 'test-x: %s\n  wanted: %s\n  found:  %s\n' "$what" "$wanted" "$found" >&2
    exit 1
  fi
}

# A Python that fits, so that the tests don't depend on this machine's.
printf '#!/bin/sh\necho "%s"\n' "$box/python" >"$box/python"
chmod +x "$box/python"

machine bare
run_on bare up
expect "without apt-get it says what is missing" "$output" \
  "*missing: gcc libc6-dev make pkg-config git openssh-client curl ca-certificates (Debian's names)*next: install them*"
expect "and fails" "$status" 1

machine user
stub "$box/user/apt-get" "exit 0"
printf '#!/bin/sh\necho 1000\n' >"$box/user/id"
chmod +x "$box/user/id"
run_on user test
expect "without root it prints the exact command" "$output" \
  "*next: sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config git openssh-client curl ca-certificates"
expect "and fails" "$status" 1
expect "and has not called apt-get" "$calls" ""

stub "$box/user/sudo" 'exit 1'
run_on user test
expect "a sudo that wants a password is not used" "$calls" "sudo -n true"
expect "and it fails" "$status" 1

machine root
stub "$box/root/apt-get" "exit 100"
printf '#!/bin/sh\necho 0\n' >"$box/root/id"
chmod +x "$box/root/id"
run_on root up
expect "as root it installs, and updates the lists when that fails" "$calls" \
  "apt-get -q -y --no-install-recommends install gcc*git openssh-client curl ca-certificates
apt-get -q -y --no-install-recommends update"
expect "a failure of apt-get ends in the exact command" "$output" "*apt-get did not install*next: sudo apt-get*"
expect "and fails" "$status" 1

machine whole
for name in cc make git pkg-config ssh-keygen apt-get; do stub "$box/whole/$name" "exit 0"; done
stub "$box/whole/cargo" "exit 7"
mkdir -p "$repository/crates/sandbox" "$repository/crates/python/package"
cp -r crates/sandbox/guest "$repository/crates/sandbox/"
cp -r crates/python/package/luthier "$repository/crates/python/package/"
componentize=$repository/target/tools/componentize-$(sed -n 's/^componentize_version=//p' ci/setup.sh)/bin
mkdir -p "$componentize"
# Leaves something where the last argument says.
# shellcheck disable=SC2016 # It is a script's own text.
stub "$componentize/componentize-py" 'for made; do :; done; echo made >"$made"'
stub "$box/whole/rustc" 'echo "rustc 0.1.0"'
run_on whole up
expect "a compiler of the wrong version is refused" "$output" "*this is rustc 0.1.0, the workspace needs*rustup*"
stub "$box/whole/rustc" "echo \"rustc $(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)\""
run_on whole up
expect "a whole machine is built on, and cargo's status is ours" "$status" 7
run_on whole up
expect "a second run only builds" "$calls" "cargo build --release --workspace --exclude benches --bin luthier"
printf '# changed\n' >>"$repository/crates/sandbox/guest/app.py"
run_on whole up
expect "a changed guest is made into a component again" "$calls" \
  "componentize-py *component.wasm.new
cargo build --release --workspace --exclude benches --bin luthier"
printf '# changed\n' >>"$repository/ci/setup.sh"
run_on whole up
expect "a changed set-up is run again" "$output" "*looking at what this machine has*"

run_on whole biuld
expect "an unknown job is named" "$output" "x: there is no job \`biuld\`*usage*"
expect "and fails" "$status" 2

printf 'test-x: ok\n' >&2
