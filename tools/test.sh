#!/usr/bin/env bash
# Installs what is missing, builds and runs every test: tools/test.sh [preset] (default: test; others in CMakePresets.json).
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-test}
tools/packages.sh build test
case $preset in dev | clang | tsan | single-header) tools/packages.sh ci ;; esac

cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset"
