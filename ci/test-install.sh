#!/usr/bin/env bash
# Tests of install.sh with a release of the real program, served over HTTP:
# `ci/test-install.sh PROGRAM COMPONENT`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v curl >/dev/null && ! command -v wget >/dev/null; then
  printf 'test-install: skipped: there is neither curl nor wget\n' >&2
  exit
fi

box=$(mktemp -d)
server=
# shellcheck disable=SC2329 # The trap calls it.
clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$box"
}
trap clean_up EXIT

expect() {
  local what=$1 found=$2 wanted=$3
  # shellcheck disable=SC2053 # The right side is a pattern.
  if [[ $found != $wanted ]]; then
    printf 'test-install: %s\n  wanted: %s\n  found:  %s\n' "$what" "$wanted" "$found" >&2
    exit 1
  fi
}

# Installs into a prefix; leaves what was said, and the status.
install_to() {
  local prefix=$box/$1
  shift
  status=0
  output=$(env -u LUTHIER_BASE_URL HOME="$box/home" PATH="${tools:+$tools:}$PATH" \
    sh install.sh --prefix "$prefix" "$@" 2>&1 </dev/null) || status=$?
}

# Everything below a prefix, with where links lead.
listing() { (cd "$box/$1" && find . -printf '%p %l %s\n' | sort); }

# Files that were left below a prefix.
files() { find "$box/$1" -mindepth 1 ! -type d | wc -l; }

ci/dist.sh "$1" "$2" "$box/releases/good" >/dev/null
archive=$(basename "$box"/releases/good/*.tar.gz)
version=$("$1" -V)
mkdir -p "$box/home"

mkfifo "$box/address"
python3 -u - "$box/releases" >"$box/address" 2>/dev/null <<'PYTHON' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    print(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()
PYTHON
server=$!
read -r url <"$box/address"

tools=
install_to one --from "$url/good/"
expect "it installs ($output)" "$status" 0
expect "and says what, and what is next" "$output" "*fetching $archive*$version is $box/one/bin/luthier*next: export PATH=*"
expect "the program runs from there" "$("$box/one/bin/luthier" -V)" "$version"
expect "manual pages are where they are looked for" "$(head -c 3 "$box/one/share/man/man1/luthier.1")" ".ie"
expect "and so are completions" "$(head -n 1 "$box/one/share/zsh/site-functions/_luthier")" "#compdef luthier"
home=$(dirname "$(dirname "$(readlink "$box/one/bin/luthier")")")
expect "the component is where the program looks" "$(sha256sum <"$home/share/luthier/sandbox.wasm")" \
  "$(sha256sum <"$2")"

before=$(listing one)
install_to one --from "$url/good"
expect "a second time it has nothing to fetch" "$output" "*is here already*"
expect "and changes nothing" "$(listing one)" "$before"

LUTHIER_BASE_URL=$url/good sh install.sh --prefix "$box/named" >/dev/null
expect "the folder may be named by the environment" "$("$box/named/bin/luthier" -V)" "$version"

cp -r "$box/releases/good" "$box/releases/changed"
printf 'x' | dd of="$box/releases/changed/$archive" bs=1 seek=4096 conv=notrunc status=none
install_to changed --from "$url/changed"
expect "a changed byte is refused" "$output" "*is not what SHA256SUMS says*"
expect "and the status says so" "$status" 1
expect "and nothing is left" "$(files changed)" 0
# A release with another sum, so that it is not taken for the one that is there.
sed -i 's/^\(.*\)  luthier-/0000000000000000000000000000000000000000000000000000000000000000  luthier-/' \
  "$box/releases/changed/SHA256SUMS"
install_to one --from "$url/changed"
expect "what was installed before" "$status" 1
expect "stays as it was" "$(listing one)" "$before"

mkdir "$box/releases/cut"
head -c 1000000 "$box/releases/good/$archive" >"$box/releases/cut/$archive"
(cd "$box/releases/cut" && sha256sum "$archive" >SHA256SUMS)
install_to cut --from "$url/cut"
expect "half an archive is refused even if its sum is right" "$output" "*could not be unpacked*"
expect "and nothing is left" "$(files cut)" 0

install_to absent --from "$url/absent"
expect "a folder that is not there is named" "$output" "*$url/absent/SHA256SUMS could not be fetched*"
expect "and nothing is left" "$(files absent)" 0

install_to other --from "$url/good" --version 9.9.9
expect "a version that is not there is named, and what there is" "$output" "*has no 9.9.9 for*$archive*"
install_to nowhere
expect "without a folder it asks for one" "$output" "*where is the release?*--from URL*"
install_to option --form "$url/good"
expect "an unknown option is named" "$output" "*there is no option --form*"

# What cannot be had on this machine is played: another system, and one without Python's library.
tools=$box/tools
mkdir "$tools"
printf '#!/bin/sh\necho Darwin\n' >"$tools/uname"
chmod +x "$tools/uname"
install_to darwin --from "$url/good"
expect "another system is told what to do" "$output" "*releases for Linux, and this is Darwin*container*"
tools=

name=${archive%.tar.gz}
mkdir -p "$box/played/$name/bin" "$box/releases/bare"
cat >"$box/played/$name/bin/luthier" <<'SH'
#!/bin/sh
echo "luthier: error while loading shared libraries: libpython3.11.so.1.0: cannot open" >&2
exit 127
SH
chmod +x "$box/played/$name/bin/luthier"
tar -C "$box/played" -czf "$box/releases/bare/$archive" "$name"
(cd "$box/releases/bare" && sha256sum "$archive" >SHA256SUMS)
install_to bare --from "$url/bare"
expect "Python's library is asked for by name" "$output" "*libpython3.11, and it is not here*apt-get install libpython3.11*"
expect "and nothing is left" "$(files bare)" 0

printf 'test-install: ok\n' >&2
