#!/usr/bin/env bash
# Checks the library against the newest Asio and Boost that Debian's archive has: examples are compiled, the tests of
# reflection and of a socket are run. Nothing is installed: apt gets a state of its own in a temporary folder.
# tools/newest.sh [compiler [flag...]]: g++ by default. DEBIAN_ARCHIVE and DEBIAN_SUITE say where to look.
set -euo pipefail
cd "$(dirname "$0")/.."

source tools/debian_archive.sh

suite=${DEBIAN_SUITE:-sid}
compiler=("${@:-g++}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
open_archive "$scratch/apt" "$suite"
mkdir "$scratch/packages"
boost=$(apt-cache pkgnames libboost1. | grep -xE 'libboost1\.[0-9]+-dev' | sort -V | tail -n 1) || true
[[ -n $boost ]] || fail "$suite has no package libboost1.*-dev"
(cd "$scratch/packages" && apt-get -q download libasio-dev "$boost" >"$log" 2>&1) || { cat "$log" >&2; fail "cannot download libasio-dev and $boost"; }
for package in "$scratch"/packages/*.deb; do dpkg-deb -x "$package" "$scratch/root"; done

headers=$scratch/root/usr/include
flags=(-std=c++20 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror -isystem "$headers" -Iinclude -Itests)
# What was compiled is what was fetched, and no older one of the system.
echo '#include <asio/version.hpp>
#include <boost/version.hpp>
ASIO_VERSION BOOST_LIB_VERSION' | "${compiler[@]}" "${flags[@]}" -E -P -x c++ - | tail -n 1 >"$scratch/versions"
read -r asio_version boost_version <"$scratch/versions"
echo "newest.sh: Asio $((asio_version / 100000)).$((asio_version / 100 % 1000)).$((asio_version % 100)), Boost ${boost_version//\"/}, ${compiler[0]}"
"${compiler[@]}" "${flags[@]}" -H -fsyntax-only -x c++ - <<<'#include <dovetail/postgres_async.hpp>' 2>"$scratch/included"
for name in asio/any_io_executor.hpp boost/pfr/core_name.hpp; do
  grep -qF " $headers/$name" "$scratch/included" || fail "$name was not taken from the packages that were fetched"
done

failed=$scratch/failed
# Runs what its arguments say; a failure is remembered under a name. Two at a time.
step() {
  local name=$1; shift
  "$@" || { echo "newest.sh: $name failed" >&2; echo "$name" >>"$failed"; }
}
throttle() { while [[ $(jobs -rp | wc -l) -ge 2 ]]; do wait -n || true; done; }

build_and_run() {  # program, sources...
  local program=$1; shift
  "${compiler[@]}" "${flags[@]}" "$@" -lgtest -lgtest_main -lpthread -o "$program" && (cd tests && "$program" --gtest_brief=1)
}

# The slowest first.
rows=()
for name in reflect member_name plan bind read describe; do rows+=("tests/unit/row/$name.cpp"); done
step "the tests of reflection" build_and_run "$scratch/rows" "${rows[@]}" &
throttle
step "the tests of transport tcp" build_and_run "$scratch/tcp" tests/net/transport_tcp.cpp &
throttle
step "the tests of asynchronous SQLite" build_and_run "$scratch/sqlite" tests/unit/client/sqlite/async_client.cpp -lsqlite3 &
for source in examples/*.cpp tests/packaging/main.cpp; do
  throttle
  step "$source" "${compiler[@]}" "${flags[@]}" -fsyntax-only "$source" &
done
wait
[[ ! -s $failed ]]
