#!/usr/bin/env bash
# Packs a release: `ci/dist.sh PROGRAM COMPONENT FOLDER`. The same program makes the same bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ $# -eq 3 ] || { printf 'usage: ci/dist.sh PROGRAM COMPONENT FOLDER\n' >&2; exit 2; }
program=$1 component=$2 folder=$3

version=$("$program" -V | sed 's/^luthier \([^ ]*\).*/\1/')
name=luthier-$version-$(uname -m)-unknown-linux-gnu
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT

# Laid out as below a prefix: the program finds the component from its own place.
root=$box/$name
install -D -m 755 "$program" "$root/bin/luthier"
strip "$root/bin/luthier"
install -D -m 644 "$component" "$root/share/luthier/sandbox.wasm"
install -D -m 644 -t "$root/share/doc/luthier" LICENSE-APACHE LICENSE-MIT README.md
mkdir -p "$root"/share/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}
"$program" man "$root/share/man/man1"
"$program" completions bash >"$root/share/bash-completion/completions/luthier"
"$program" completions zsh >"$root/share/zsh/site-functions/_luthier"
"$program" completions fish >"$root/share/fish/vendor_completions.d/luthier.fish"

mkdir -p "$folder"
made=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
tar -C "$box" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$made" -cf - "$name" |
  gzip -n >"$folder/$name.tar.gz.new"
mv "$folder/$name.tar.gz.new" "$folder/$name.tar.gz"
install -m 755 install.sh "$folder/install.sh"
(cd "$folder" && sha256sum luthier-*.tar.gz install.sh >SHA256SUMS)
printf '%s\n' "$folder/$name.tar.gz"
