#!/usr/bin/env bash
# Runs the PostgreSQL tests against the newest server that Debian has, which this machine's release may not: direct TLS
# (17 and later) and protocol 3.2 (18 and later) are tested for real there. Nothing is installed: packages go to a
# temporary folder, and the server runs by that folder's own C library.
# tools/postgres_newest.sh [preset]: the build that has the test programs ("test" by default), built when it is not.
# DEBIAN_ARCHIVE and DEBIAN_SUITE say where to look; by default the machine's own archive, and what becomes the next release.
set -euo pipefail
cd "$(dirname "$0")/.."

source tools/debian_archive.sh

preset=${1:-test}
suite=${DEBIAN_SUITE:-testing}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"  # the server does not run as root
log=$scratch/log
open_archive "$scratch/apt" "$suite"
mkdir "$scratch/packages"

server=$(apt-cache pkgnames postgresql- | grep -xE 'postgresql-[0-9]+' | sort -V | tail -n 1) || true
[[ -n $server ]] || fail "$suite has no package postgresql-N"

# The server and the libraries that it needs, out of all that its package would bring.
mapfile -t packages < <(apt-get install -s --no-install-recommends "$server" 2>"$log" |
  sed -n -E 's/^Inst ((lib[^ ]*|zlib1g|postgresql-(client-)?[0-9]+)) .*/\1/p' | grep -vE '^lib(perl|llvm|z3)')
[[ ${#packages[@]} -gt 2 ]] || { cat "$log" >&2; fail "cannot tell what $server needs"; }
(cd "$scratch/packages" && apt-get -q download "${packages[@]}" >"$log" 2>&1) || { cat "$log" >&2; fail "cannot download $server"; }
unset APT_CONFIG
for package in "$scratch"/packages/*.deb; do dpkg-deb -x "$package" "$scratch/root"; done

# Each program becomes a script that runs it by the loader and libraries of the same folder.
loader=$(find "$scratch/root" -name 'ld-linux*.so.*' -print -quit)
[[ -n $loader ]] || fail "no loader among the packages"
libraries=$(dirname "$(find "$scratch/root" -name libc.so.6 -print -quit)")
programs=$scratch/root/usr/lib/postgresql/${server#postgresql-}/bin
for program in initdb postgres psql; do
  mv "$programs/$program" "$programs/$program.program"
  printf '#!/bin/sh\nexec "%s" --argv0 "$0" --library-path "%s" "$0.program" "$@"\n' "$loader" "$libraries" >"$programs/$program"
  chmod 755 "$programs/$program"
done
version=$("$programs/postgres" -V) || fail "the server of $server does not run here"
echo "postgres_newest.sh: $version"

[[ -e build/$preset/build.ninja ]] || cmake --preset "$preset" >/dev/null
mapfile -t tests < <(ninja -C "build/$preset" -t targets all | sed -n -E 's/^(server_postgres_[a-z0-9_]*): phony$/\1/p')
[[ ${#tests[@]} -gt 0 ]] || fail "preset '$preset' has no tests of PostgreSQL"
cmake --build --preset "$preset" --target "${tests[@]}" >"$log" || { cat "$log"; exit 1; }
failed=0
for test in "${tests[@]}"; do
  (cd tests && DOVETAIL_POSTGRES_PROGRAMS=$programs timeout 1800 "../build/$preset/tests/$test" --gtest_brief=1) || failed=1
done
exit $failed
