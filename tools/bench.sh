#!/usr/bin/env bash
# Builds and runs benchmarks, one JSON object a line: tools/bench.sh {TASK...|all|--list}
set -euo pipefail
cd "$(dirname "$0")/.."

# task -> program and its argument
declare -A programs=(
  [sqlite_fetch]=sqlite_fetch [sqlite_point]=sqlite_point [lensdb_frames]=lensdb_frames
  [pool_1]="pool pool_1" [pool_8]="pool pool_8" [observer]=observer
  [json_read]=json_read [json_write]=json_write
  [postgres_fetch]="postgres_fetch postgres_fetch" [postgres_stream]="postgres_fetch postgres_stream" [postgres_point]=postgres_point
  [postgres_point_tcp]="postgres_point postgres_point_tcp"
  [postgres_pipeline]=postgres_pipeline [postgres_copy_in]=postgres_copy_in
  [workersql_roundtrip]=workersql_roundtrip [workersql_roundtrip_1000]="workersql_roundtrip thousand_rows"
  [sql_literals]="sql_validation literals" [sql_texts]="sql_validation texts"
  [gateway_requests]="" [compile_time]=""
)
order=(sqlite_fetch sqlite_point lensdb_frames pool_1 pool_8 observer json_read json_write postgres_fetch postgres_stream postgres_point postgres_point_tcp postgres_pipeline postgres_copy_in workersql_roundtrip workersql_roundtrip_1000 sql_literals sql_texts gateway_requests compile_time)

[[ $# -gt 0 ]] || { echo "usage: tools/bench.sh {TASK...|all|--list}" >&2; exit 2; }
if [[ $1 == --list ]]; then printf '%s\n' "${order[@]}"; exit 0; fi
tasks=("$@")
[[ $1 != all ]] || tasks=("${order[@]}")
for task in "${tasks[@]}"; do
  [[ -v programs[$task] ]] || { echo "bench.sh: no task '$task'; there are: ${order[*]}" >&2; exit 2; }
done

tools/packages.sh build test bench
cmake --preset release >/dev/null
for task in "${tasks[@]}"; do
  if [[ $task == compile_time ]]; then tools/compile_time.py; continue; fi
  if [[ $task == gateway_requests ]]; then tools/bench_gateway.sh; continue; fi
  read -ra program <<<"${programs[$task]}"
  cmake --build --preset release --target "bench_${program[0]}" >/dev/null
  "build/release/benchmarks/bench_${program[0]}" "${program[@]:1}"
done
