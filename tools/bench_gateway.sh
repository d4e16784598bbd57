#!/usr/bin/env bash
# Requests a second that the gateway answers on this machine, wrk beside it: tools/bench_gateway.sh [seconds] [connections]
# One JSON object a line: selects of a row by its key and of 100 rows, over kept-alive connections, from a SQLite file.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
connections=${2:-64}
tools/packages.sh build bench
cmake --preset release >/dev/null
cmake --build --preset release --target example_workersql_gateway >/dev/null

scratch=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$scratch"' EXIT
build/release/examples/workersql_gateway --database "sqlite:$scratch/cities.db?mode=rwc" --port 0 --key bench --threads 2 >"$scratch/log" &
server=$!
port=
for _ in $(seq 100); do
  port=$(sed -n 's/^gateway on .*, port \([0-9]*\)$/\1/p' "$scratch/log")
  [[ -z $port ]] || break
  sleep 0.1
done
[[ -n $port ]] || { echo "bench_gateway.sh: the gateway did not start" >&2; exit 1; }

cat >"$scratch/request.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "bench"
function init(arguments) wrk.body = arguments[1] end
function done(summary, latency)
  io.write(string.format('{"task":"%s","requests_s":%.0f,"p50_us":%.0f,"p99_us":%.0f,"requests":%d,"not_2xx":%d,"socket_errors":%d}\n',
    os.getenv("TASK"), summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99), summary.requests,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
LUA

post() {  # makes the table
  python3 - "$port" "$1" <<'PYTHON'
import json, sys, urllib.request
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/v1/query", json.dumps({"sql": sys.argv[2]}).encode(),
                                 {"X-API-Key": "bench", "Content-Type": "application/json"})
urllib.request.urlopen(request).read()
PYTHON
}
post "create table city(id integer primary key, name text, area real)"
post "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) insert into city select i, 'city ' || i, i * 0.5 from n"

measure() {
  TASK=$1 wrk -t 1 -c "$connections" -d "${seconds}s" -s "$scratch/request.lua" "http://127.0.0.1:$port/v1/query" -- "$2" |
    tail -n 1
}
measure gateway_select_1 '{"sql":"select id, name, area from city where id = ?","params":[4711]}'
measure gateway_select_100 '{"sql":"select id, name, area from city where id > ? limit 100","params":[4711]}'
