#!/usr/bin/env bash
# Runs one fuzz program from its committed seeds: tools/fuzz.sh build/fuzz/tests/fuzz/fuzz_NAME SECONDS
set -euo pipefail
program=$1 seconds=$2
name=${program##*/fuzz_}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/found"
# What is found new goes to the first folder, the seeds stay as they are; an input that fails is shown in base64.
if "$program" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="$scratch/" "$scratch/found" "$(dirname "$0")/../tests/fuzz/corpus/$name" >"$scratch/log" 2>&1; then
  echo "ok      $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log") inputs in $seconds s"
else
  echo "FAILED  $name"
  tail -n 40 "$scratch/log"
  exit 1
fi
