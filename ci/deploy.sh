#!/usr/bin/env bash
# What others' programs say of the files that deploy Luthier. Those that are absent are named.
# `crates/luthier/tests/repository/topology.rs` compares the same files with each other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
failed=0

say() { printf 'x: %s\n' "$*" >&2; }

# Shows what a check printed where it fails.
check() {
  local what=$1
  shift
  if "$@" >"$box/printed" 2>&1; then
    return
  fi
  say "$what:"
  cat "$box/printed" >&2
  failed=1
}

compose=()
if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif command -v docker-compose >/dev/null; then
  compose=(docker-compose)
fi
if [ ${#compose[@]} -gt 0 ]; then
  check docker-compose.yml "${compose[@]}" --env-file deploy/example.env config --quiet
else
  say "skipped docker compose config: it is not installed (apt-get install docker-compose)"
fi

if command -v kubectl >/dev/null; then
  check deploy/kubernetes kubectl kustomize deploy/kubernetes --output "$box/manifests.yaml"
  if [ -n "${KUBERNETES_VALIDATE:-}" ] && [ -s "$box/manifests.yaml" ]; then
    check deploy/kubernetes "$KUBERNETES_VALIDATE" --quiet --strict "$box/manifests.yaml"
  else
    say "skipped kubernetes-validate: it could not be fetched from PyPI"
  fi
else
  say "skipped kubectl kustomize, and kubernetes-validate of what it makes: kubectl is not installed"
fi

if command -v haproxy >/dev/null; then
  check deploy/config/haproxy.cfg haproxy -c -f deploy/config/haproxy.cfg
else
  say "skipped haproxy -c: it is not installed (apt-get install haproxy)"
fi

if [ -n "${NATS_SERVER:-}" ]; then
  for config in nats.conf nats-cluster.conf; do
    check "deploy/config/$config" env NATS_NAME=nats-0 NATS_PASSWORD=a NATS_SYSTEM_PASSWORD=b \
      "$NATS_SERVER" -t -c "deploy/config/$config"
  done
else
  say "skipped nats-server -t: it could not be fetched from PyPI"
fi

exit "$failed"
