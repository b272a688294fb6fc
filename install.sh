#!/bin/sh
# Installs a release of Luthier for one person: `sh install.sh --from URL`.
#
# A version is unpacked whole into a folder of its own and tried there; only then does
# PREFIX/bin/luthier lead to it. Whatever goes wrong before leaves what was there as it was.
set -eu

prefix=${HOME:-/root}/.local
base=${LUTHIER_BASE_URL:-}
version=
stage=

usage() {
  cat <<'TEXT'
usage: install.sh [--from URL] [--version VERSION] [--prefix DIR]

  --from URL         the folder of a release, with its SHA256SUMS; else LUTHIER_BASE_URL
  --version VERSION  which, where the folder has several
  --prefix DIR       below which to install; else ~/.local
TEXT
}

say() { printf 'install: %s\n' "$*"; }

fail() {
  printf 'install: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '   next: %s\n' "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

clean_up() { [ -z "$stage" ] || rm -rf "$stage"; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The name that releases have for this machine.
find_target() {
  system=$(uname -s) machine=$(uname -m)
  [ "$system" = Linux ] ||
    fail "there are releases for Linux, and this is $system" \
      "build it from its source (./x up), or run it in a container"
  case $machine in
    x86_64 | amd64) printf 'x86_64-unknown-linux-gnu\n' ;;
    aarch64 | arm64) printf 'aarch64-unknown-linux-gnu\n' ;;
    *) fail "there are no releases for $machine" "build it from its source: ./x up" ;;
  esac
}

# Fetches URL into FILE, whole or not at all.
fetch() {
  if has curl; then
    curl --fail --silent --show-error --location --retry 2 --output "$2" "$1"
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail "there is neither curl nor wget" "install one of them"
  fi || fail "$1 could not be fetched" "look at what was said above, and at --from"
}

sum_of() {
  if has sha256sum; then
    sha256sum "$1"
  elif has shasum; then
    shasum -a 256 "$1"
  else
    fail "there is neither sha256sum nor shasum, so nothing can be verified" "install one of them"
  fi | cut -d' ' -f1
}

# The line of SHA256SUMS that is wanted: a sum and the name of an archive.
find_release() {
  found=$(grep -E " \*?luthier-${version:-[^ ]*}-$target\.tar\.gz\$" "$stage/SHA256SUMS" || true)
  [ -n "$found" ] ||
    fail "$base has no ${version:-release} for $target" \
      "look at what it has: $(sed 's/^[^ ]* *\*\{0,1\}//' "$stage/SHA256SUMS" | tr '\n' ' ')"
  [ "$(printf '%s\n' "$found" | wc -l)" -eq 1 ] ||
    fail "$base has several releases for $target" "say which: --version VERSION"
  printf '%s\n' "$found"
}

# Does what was unpacked run here?
try_it() {
  said=$("$1/bin/luthier" -V 2>&1) && return
  library=$(printf '%s\n' "$said" | sed -n 's/.*\(libpython3\.[0-9]*\)\.so.*/\1/p' | head -n 1)
  if [ -n "$library" ]; then
    fail "this release needs Python's shared library $library, and it is not here" \
      "install it (Debian and Ubuntu: sudo apt-get install $library), then run this again"
  fi
  fail "the program does not run here: $said" "build it from its source: ./x up"
}

# Leads PLACE to TARGET in one step.
link() {
  mkdir -p "$(dirname "$2")"
  ln -s "$1" "$2.new.$$"
  mv -f "$2.new.$$" "$2"
}

while [ $# -gt 0 ]; do
  case $1 in
    --from | --version | --prefix)
      [ $# -ge 2 ] || fail "$1 wants a value" "see install.sh --help"
      case $1 in
        --from) base=$2 ;;
        --version) version=$2 ;;
        --prefix) prefix=$2 ;;
      esac
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "there is no option $1" "see install.sh --help" ;;
  esac
done

[ -n "$base" ] || fail "where is the release?" "name its folder: --from URL"
base=${base%/}
target=$(find_target)
mkdir -p "$prefix/lib/luthier" || fail "$prefix cannot be written to" "choose another with --prefix"
prefix=$(cd "$prefix" && pwd)
stage=$(mktemp -d "$prefix/lib/luthier/.stage.XXXXXX") ||
  fail "$prefix/lib/luthier cannot be written to" "choose another with --prefix"

fetch "$base/SHA256SUMS" "$stage/SHA256SUMS"
release=$(find_release)
sum=${release%% *}
archive=${release##* }
archive=${archive#\*}
name=${archive%.tar.gz}
home=$prefix/lib/luthier/${name#luthier-}-$(printf '%.12s' "$sum")

if [ -d "$home" ]; then
  say "$name is here already"
else
  say "fetching $archive"
  fetch "$base/$archive" "$stage/$archive"
  found=$(sum_of "$stage/$archive")
  [ "$found" = "$sum" ] ||
    fail "$archive is not what SHA256SUMS says: $found instead of $sum" \
      "fetch it again; if that does not help, tell whoever published it"
  tar -xzf "$stage/$archive" -C "$stage" || fail "$archive could not be unpacked"
  try_it "$stage/$name"
  mv "$stage/$name" "$home"
fi

# Beside it is what it looks for by its own place; these are only ways to it, the program's last.
(cd "$home/share" && find man bash-completion zsh fish -type f) | while read -r file; do
  link "$home/share/$file" "$prefix/share/$file"
done
link "$home/bin/luthier" "$prefix/bin/luthier"

say "$("$prefix/bin/luthier" -V) is $prefix/bin/luthier"
case :${PATH:-}: in
  *:"$prefix/bin":*) ;;
  # The reader's shell is to expand the second one.
  *) printf "   next: export PATH=\"%s/bin:\$PATH\"\n" "$prefix" ;;
esac
printf '   next: luthier init my-tools && luthier --workspace my-tools up\n'
