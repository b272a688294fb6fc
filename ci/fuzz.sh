#!/usr/bin/env bash
# Fuzzing that follows where the code has been: libFuzzer, on the compiler that builds everything
# else. What it finds new stays below target/fuzz/corpus, where the next run begins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=ci/setup.sh
. ci/setup.sh

targets=(frames results gate)
seconds=60
run_seconds_max=10
memory_mib_max=1024
allocation_mib_max=256

# What cargo-fuzz compiles with where it is told to use no sanitizer.
coverage=(
  --cfg fuzzing
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
)

read_arguments() {
  local -a wanted=()
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--seconds takes a number" "./x fuzz --seconds 60"
        seconds=$2
        shift 2
        ;;
      *)
        [[ " ${targets[*]} " == *" $1 "* ]] ||
          fail "there is no target \`$1\`" "./x fuzz [--seconds N] [${targets[*]}]"
        wanted+=("$1")
        shift
        ;;
    esac
  done
  [ ${#wanted[@]} -eq 0 ] || targets=("${wanted[@]}")
}

# Named, the target has flags of its own: what runs while it is built is not to be instrumented.
build_targets() {
  local host
  host=$(rustc -vV | sed -n 's/^host: //p')
  # As absolute paths, since the targets are run from elsewhere.
  mkdir -p "$target/fuzz"
  built=$(realpath "$target/fuzz")
  RUSTFLAGS="${coverage[*]}" CARGO_TARGET_DIR=$built \
    cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host"
  programs=$built/$host/release
}

# Runs one target; when it finds something, says how to see it again.
fuzz_target() {
  local name=$1 found=$built/found/$1
  local -a flags=(-timeout="$run_seconds_max" -rss_limit_mb="$memory_mib_max"
    -malloc_limit_mb="$allocation_mib_max")
  mkdir -p "$built/corpus/$name" "$found"
  rm -f "$found"/*
  local -a kept=("fuzz/corpus/$name")
  [ ! -d "fuzz/regressions/$name" ] || kept+=("fuzz/regressions/$name")
  say "fuzzing $name for $seconds s"
  "$programs/$name" "${flags[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$found/" "$built/corpus/$name" "${kept[@]}" >"$built/$name.log" 2>&1 || {
    tail -n 60 "$built/$name.log" >&2
    local file
    for file in "$found"/*; do
      say "again: LD_LIBRARY_PATH=$LD_LIBRARY_PATH $programs/$name ${flags[*]} $file"
    done
    fail "$name has found something" \
      "mend it, keep the file in fuzz/regressions/$name under a name that says what it was, and run ./x test -E 'package(sandbox)'"
  }
  grep -E '^#[0-9]+.DONE|^stat::(number_of_executed_units|peak_rss_mb)' "$built/$name.log" >&2
}

read_arguments "$@"
set_up
set_up_fuzz
build_targets
# The Python that is linked need not be where libraries are looked for.
LD_LIBRARY_PATH=$("$PYO3_PYTHON" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
export LD_LIBRARY_PATH
for name in "${targets[@]}"; do
  fuzz_target "$name"
done
