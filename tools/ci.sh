#!/usr/bin/env bash
# Every check that a change must pass; all are run, and the failed ones are listed at the end.
# tools/ci.sh [step...] runs only these steps; tools/ci.sh --list names them. Two more run by name only, once in a while, as what
# they compare with changes without us: newest (Debian's newest Asio and Boost) and postgres_newest (its newest server).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

steps=(style single_header_fresh gcc clang19 clang16 libcxx tsan headers single_header macros packaging snippets documentation fuzz compile_budget)
if [[ ${1:-} == --list ]]; then printf '%s\n' "${steps[@]}"; exit 0; fi
[[ $# -eq 0 ]] || steps=("$@")

fuzz_seconds=${FUZZ_SECONDS:-20}  # a look; the long runs are by hand
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
includes=(-std=c++20 -Iinclude)
warnings=(-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror)

step_style() {
  tools/check_layers.py && tools/check_versions.py || return 1
  local formatter=clang-format-14 failed=0
  local source
  while read -r source; do  # compares output: --dry-run of version 14 also flags what it would not change
    "$formatter" "$source" | cmp -s - "$source" || { echo "not formatted: $source"; failed=1; }
  done < <(git ls-files '*.hpp' '*.cpp' | grep -v -e '^single_include/' -e '^tests/data/')
  shellcheck -S warning tools/*.sh tests/packaging/run.sh .ci/run || failed=1
  return $failed
}

step_single_header_fresh() { tools/amalgamate.py --check && (cd / && PYTHONHASHSEED=7 "$OLDPWD/tools/amalgamate.py" --check); }

step_gcc() {  # and what only GCC's own coroutines can get wrong, under its ASan
  tools/test.sh test || return 1
  local name jobs=() failed=0
  for name in driver/completion client/basic_async_client; do
    (g++ "${includes[@]}" -Itests -g1 "${warnings[@]}" -fsanitize=address "tests/unit/$name.cpp" -lgtest -lgtest_main -pthread \
      -o "$scratch/${name##*/}" && "$scratch/${name##*/}" --gtest_brief=1) &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  return $failed
}

step_clang19() { tools/test.sh single-header; }  # under ASan and UBSan, which are half as dear to compile as with GCC

step_clang16() {  # compile-only: every facade and example
  local failed=0 source
  for source in examples/*.cpp tests/packaging/main.cpp; do
    clang++-16 "${includes[@]}" -DASIO_HAS_CO_AWAIT=1 "${warnings[@]}" -fsyntax-only "$source" || failed=1
  done
  python3 tests/compile/run.py --compiler clang++-16 --include include || failed=1
  return $failed
}

step_libcxx() {  # Clang with its own standard library: compiles the largest programs, runs some
  local flags=("${includes[@]}" -Itests -stdlib=libc++ -DASIO_HAS_CO_AWAIT=1 "${warnings[@]}") failed=0 name
  printf '%s\n' 05_async 14_postgres_copy_notify 16_asyncsql 18_optimistic 22_postgres_shared 24_own_types workersql_gateway |
    xargs -P 2 -I{} clang++-19 "${flags[@]}" -fsyntax-only examples/{}.cpp || failed=1
  printf '%s\n' 00_front_page 06_values_and_observers 19_workersql 23_lensdb |
    xargs -P 2 -I{} clang++-19 "${flags[@]}" examples/{}.cpp -o "$scratch/libcxx_{}" -lsqlite3 -lssl -lcrypto -pthread ||
    return 1
  for name in "$scratch"/libcxx_*; do (cd "$scratch" && "$name") >"$scratch/out" 2>&1 || { cat "$scratch/out"; failed=1; }; done
  return $failed
}

step_tsan() { cmake --preset tsan >/dev/null && cmake --build --preset tsan && ctest --preset tsan; }  # what runs on several threads

step_headers() { cmake --preset headers >/dev/null && cmake --build --preset headers; }

step_single_header() { python3 tests/packaging/single_header.py; }

step_macros() { python3 tests/packaging/macros.py; }

step_packaging() { tests/packaging/run.sh; }

step_snippets() { tools/check_snippets.py; }

step_documentation() {
  local log=$scratch/doxygen.log
  (cat docs/Doxyfile; echo "OUTPUT_DIRECTORY=$scratch") | doxygen - >/dev/null 2>"$log"
  if [[ -s $log ]]; then cat "$log"; return 1; fi
}

step_fuzz() {
  cmake --preset fuzz >/dev/null && cmake --build --preset fuzz || return 1
  find build/fuzz/tests/fuzz -maxdepth 1 -name 'fuzz_*' -type f -executable | sort |
    xargs -P 2 -I{} tools/fuzz.sh {} "$fuzz_seconds"
}

step_postgres_newest() { tools/postgres_newest.sh; }  # the network too

step_compile_budget() { tools/compile_time.py --check; }

step_newest() { tools/newest.sh; }  # needs the network: an archive that cannot be reached is a failure

tools/packages.sh build test bench ci || exit 1
for step in "${steps[@]}"; do
  declare -F "step_$step" >/dev/null || { echo "ci.sh: no step '$step'" >&2; exit 2; }
done
failed=()
run_step() {
  local began=$SECONDS
  echo "== $1"
  if "step_$1"; then echo "== $1: ok ($((SECONDS - began)) s)"; else echo "== $1: FAILED ($((SECONDS - began)) s)"; return 1; fi
}
# Steps that use one core run two at a time, the longest first, and are shown when they have ended.
beside=()
for step in packaging clang16 macros snippets style documentation single_header_fresh; do
  [[ " ${steps[*]} " != *" $step "* ]] || beside+=("$step")
done
for step in "${beside[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge 2 ]]; do wait -n || true; done
  { run_step "$step" && : >"$scratch/$step.ok"; } >"$scratch/$step.out" 2>&1 &
done
wait
for step in "${beside[@]}"; do
  cat "$scratch/$step.out"
  [[ -e $scratch/$step.ok ]] || failed+=("$step")
done
for step in "${steps[@]}"; do
  [[ " ${beside[*]} " == *" $step "* ]] || run_step "$step" || failed+=("$step")
done
echo "$((${#steps[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
[[ ${#failed[@]} -eq 0 ]] || { echo "failed: ${failed[*]}"; exit 1; }
