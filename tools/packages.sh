#!/usr/bin/env bash
# Installs what a task needs on Debian 12, if anything is missing: tools/packages.sh {build|test|bench|ci}...
set -euo pipefail

declare -A groups=(
  [build]="g++ cmake make ninja-build libasio-dev libboost1.81-dev libsqlite3-dev libssl-dev"
  [test]="libgtest-dev tinyproxy-bin python3 pkg-config postgresql-15 postgresql-contrib libpq-dev"
  [bench]="libbenchmark-dev rapidjson-dev libsimdjson-dev nlohmann-json3-dev libcurl4-openssl-dev wrk"
  [ci]="git clang-16 clang-19 libclang-rt-19-dev llvm-19 lld-19 libc++-19-dev libc++abi-19-dev clang-format-14 doxygen shellcheck"
)

wanted=()
for group in "$@"; do
  [[ -n ${groups[$group]:-} ]] || { echo "packages.sh: no group '$group' (build, test, bench, ci)" >&2; exit 2; }
  read -ra names <<<"${groups[$group]}"
  wanted+=("${names[@]}")
done

missing=()
for name in "${wanted[@]}"; do
  [[ $(dpkg-query -W -f='${Status}' "$name" 2>/dev/null) == "install ok installed" ]] || missing+=("$name")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "packages.sh: installing ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "packages.sh: run as root, or install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
# The package lists of a fresh machine may be empty or old, so a first failure updates them.
if ! install; then
  "${as_root[@]}" apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  install || { cat "$log" >&2; exit 1; }
fi
