#!/usr/bin/env bash
# Builds and runs the consumer program in every install form that a machine without vcpkg and Conan can run.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() {  # name, command...
  local name=$1; shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1)); echo "ok      $name"
  else
    failed=$((failed + 1)); echo "FAILED  $name"; tail -n 30 "$work/log"
  fi
}
cmake_consumer() {  # form, options...
  local form=$1; shift
  cmake -S "$here/$form" -B "$work/$form" -G Ninja "$@" && cmake --build "$work/$form" && "$work/$form/consumer"
}
compile() {  # output, flags...
  local output=$1; shift
  ${CXX:-g++} -std=c++20 "$here/main.cpp" -o "$work/$output" "$@" && "$work/$output"
}
separate() {  # two files: the program, and the one that holds the library; the same from the single header
  local flags=(-std=c++20 -DDOVETAIL_SEPARATE_COMPILATION -DDOVETAIL_WITH_SQLITE "$@")
  printf '#include <dovetail/%s.hpp>\n' src sqlite_src sqlite_async_src transport_src lensdb_src lensdb_async_src >"$work/parts.txt"
  split -l 1 --additional-suffix=.cpp "$work/parts.txt" "$work/part_"
  ${CXX:-g++} "${flags[@]}" "$here/main.cpp" "$work"/part_*.cpp -o "$work/separate" -lsqlite3 -pthread && "$work/separate"
}
separate_postgres() {  # the blocking and the asynchronous client
  local flags=(-std=c++20 -DDOVETAIL_SEPARATE_COMPILATION "$@")
  printf '#include <dovetail/%s.hpp>\n' src transport_src tls_src postgres_src postgres_async_src >"$work/postgres_parts.txt"
  split -l 1 --additional-suffix=.cpp "$work/postgres_parts.txt" "$work/postgres_part_"
  ${CXX:-g++} "${flags[@]}" "$here/postgres.cpp" "$work"/postgres_part_*.cpp -o "$work/separate_postgres" -lssl -lcrypto -pthread &&
    "$work/separate_postgres"
}
separate_single() {
  local flags=(-std=c++20 -DDOVETAIL_SEPARATE_COMPILATION -DDOVETAIL_WITH_SQLITE -I"$work/forward" -I"$root/single_include")
  printf '#define %s\n' DOVETAIL_{SOURCE,SQLITE_SOURCE,SQLITE_ASYNC_SOURCE,TRANSPORT_SOURCE,LENSDB_SOURCE,LENSDB_ASYNC_SOURCE} >"$work/single.cpp"
  echo '#include <dovetail.hpp>' >>"$work/single.cpp"
  ${CXX:-g++} "${flags[@]}" "$here/main.cpp" "$work/single.cpp" -o "$work/separate_single" -lsqlite3 -pthread && "$work/separate_single"
}
install_tree() {
  cmake -S "$root" -B "$work/build" -G Ninja -DDOVETAIL_BUILD_TESTS=OFF -DDOVETAIL_BUILD_EXAMPLES=OFF \
    -DCMAKE_INSTALL_PREFIX="$work/first" && cmake --install "$work/build" && mv "$work/first" "$work/moved"
}
pkg_config() {  # from the moved tree: the file must not know where it was installed
  local flags
  read -ra flags < <(PKG_CONFIG_PATH="$work/moved/share/pkgconfig" pkg-config --cflags --libs dovetail) || return 1
  compile pkg_config "${flags[@]}" -lsqlite3
}
missing_component() {  # asking for a component that does not exist is a clear failure
  mkdir -p "$work/missing" && cat >"$work/missing/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(dovetail CONFIG REQUIRED COMPONENTS oracle)
CMAKE
  ! cmake -S "$work/missing" -B "$work/missing/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/moved"
}
vcpkg_port() {
  cmake -DPACKAGES="$work/vcpkg" -DFEATURES=sqlite -P "$here/vcpkg/port.cmake" &&
    ! test -e "$work/vcpkg/share/dovetail/dovetail-tls-targets.cmake" &&
    test -s "$work/vcpkg/share/dovetail/copyright" && test -s "$work/vcpkg/share/dovetail/usage" &&
    cmake_consumer find_package -DCMAKE_PREFIX_PATH="$work/vcpkg"
}

check "install, then move the tree" install_tree
check "find_package" cmake_consumer find_package -DCMAKE_PREFIX_PATH="$work/moved"
rm -rf "$work/find_package"
check "find_package of a component that does not exist fails" missing_component
check "add_subdirectory" cmake_consumer add_subdirectory -DDOVETAIL_SOURCE="$root"
check "the compiled libraries of CMake" "$work/add_subdirectory/consumer_compiled"
check "PostgreSQL's compiled library of CMake" "$work/add_subdirectory/consumer_postgres_compiled"
check "FetchContent of a local source" cmake_consumer fetch_content -DDOVETAIL_SOURCE="$root"
check "pkg-config" pkg_config
check "bare -I include" compile bare -I"$root/include" -lsqlite3 -pthread
check "separate compilation" separate -I"$root/include"
check "separate compilation of PostgreSQL" separate_postgres -I"$root/include"
mkdir -p "$work/forward/dovetail"
for facade in sqlite lensdb version; do
  echo '#include <dovetail.hpp>' >"$work/forward/dovetail/$facade.hpp"
done
check "single header" compile single -I"$work/forward" -I"$root/single_include" -DDOVETAIL_WITH_SQLITE -lsqlite3 -pthread
check "separate compilation of the single header" separate_single
check "the vcpkg port's steps, run by plain CMake" vcpkg_port
check "every way of docs/install.md, literally" "$here/install_page.py"
check "the Conan recipe is Python" python3 -c "import ast, sys; ast.parse(open(sys.argv[1]).read())" "$root/ports/conan/conanfile.py"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
