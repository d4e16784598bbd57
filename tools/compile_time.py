#!/usr/bin/env python3
"""CPU seconds and preprocessed lines to compile the smallest program per facade; --check fails over the limit.

Goal and limit of a program are stated in seconds on a machine where `#include <asio.hpp>` alone takes 2.1 s, and scaled by
what that takes here: in every round it is compiled right before the program, and the ratio is that of the least times seen
of both, because what else the machine does only ever adds. A program over its limit is measured again, a few rounds more,
before it counts as slower. The goal is where we want to be; the limit is what has been reached, with some room, so that
nothing gets slower unnoticed. "(separate)" is the same program with DOVETAIL_SEPARATE_COMPILATION: what stands in the files
that include <dovetail/src.hpp> and its sisters, once a program, is not counted.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = ("asio.hpp alone", "#include <asio.hpp>\nint main() {}\n", 2.1)  # seconds
PROGRAMS = [
    ("std only", "#include <chrono>\n#include <memory>\n#include <string>\n#include <system_error>\n#include <vector>\nint main() {}\n", None, None),
    ("sqlite", """#include <dovetail/sqlite.hpp>
struct city { std::int64_t id; std::string name; std::optional<double> area; };
int main() {
  dovetail::sqlite::client db{"sqlite::memory:"};
  return static_cast<int>(db.query<city>("select id, name, area from city where id > ?", 0).size());
}
""", 2.5, 6.5),
    ("sqlite async", """#include <dovetail/sqlite_async.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
struct city { std::int64_t id; std::string name; };
asio::awaitable<void> work(dovetail::sqlite::async_client& db) {
  auto cities = co_await db.query<city>("select id, name from city where id > ?", 0);
}
int main() {
  asio::io_context io;
  dovetail::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
  asio::co_spawn(io, work(db), asio::detached);
  io.run();
}
""", 5.5, 12.4),
    ("lensdb", """#include <dovetail/lensdb.hpp>
int main() {
  dovetail::lensdb::client kv{"lensdb://127.0.0.1:8080"};
  kv.set("k", "v");
  return kv.get("k").has_value() ? 0 : 1;
}
""", 4.5, 7.6),
    ("lensdb async", """#include <dovetail/lensdb.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
asio::awaitable<void> work(dovetail::lensdb::async_client& kv) { co_await kv.set("k", "v"); }
int main() {
  asio::io_context io;
  dovetail::lensdb::async_client kv{io.get_executor(), "lensdb://127.0.0.1:8080"};
  asio::co_spawn(io, work(kv), asio::detached);
  io.run();
}
""", 5.5, 12.1),
]


SEPARATE = {"sqlite": 2.8, "sqlite async": 6.6, "lensdb": 4.1, "lensdb async": 6.9}  # limits


class Program:
    """One program, compiled as often as asked; `least` is the least CPU time seen, in seconds."""

    def __init__(self, compiler, flags, text, folder, name):
        source = pathlib.Path(folder) / f"{name}.cpp"
        source.write_text(text)
        self.command = [compiler, "-std=c++20", "-O2", f"-I{ROOT / 'include'}", *flags, str(source)]
        self.object = source.with_suffix(".o")
        self.lines = len(subprocess.run(self.command + ["-E", "-P"], check=True, capture_output=True).stdout.splitlines())
        self.least = float("inf")

    def compile(self):
        began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run(self.command + ["-c", "-o", str(self.object)], capture_output=True, text=True)
        self.least = min(self.least, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began)
        if done.returncode:
            sys.exit(done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compiler", default="g++")
    arguments = parser.parse_args()
    flags = ["-DASIO_HAS_CO_AWAIT=1"] if "clang" in arguments.compiler else []
    over = []
    separate = [(f"{name} (separate)", text, goal, SEPARATE[name], ["-DDOVETAIL_SEPARATE_COMPILATION"])
                for name, text, goal, _ in PROGRAMS if name in SEPARATE]
    with tempfile.TemporaryDirectory() as folder:
        base = Program(arguments.compiler, flags, BASE[1], folder, "base")
        for name, text, goal, limit, more in [(*program, []) for program in PROGRAMS] + separate:
            program = Program(arguments.compiler, flags + more, text, folder, "program")
            for round_number in range(3 * arguments.rounds):
                if round_number >= arguments.rounds and (not limit or program.least <= limit * base.least / BASE[2]):
                    break
                base.compile()
                program.compile()
            row = {"task": "compile_time", "contestant": name, "cpu_s": round(program.least, 2), "lines": program.lines,
                   "cpu_ratio": round(program.least / base.least, 2)}
            if limit:
                row["goal_ratio"] = round(goal / BASE[2], 2)
                row["limit_ratio"] = round(limit / BASE[2], 2)
                if program.least > limit * base.least / BASE[2]:
                    over.append(name)
            print(json.dumps(row), flush=True)
        print(json.dumps({"task": "compile_time", "contestant": BASE[0], "cpu_s": round(base.least, 2), "lines": base.lines, "cpu_ratio": 1.0}))
    if arguments.check and over:
        sys.exit(f"compile_time: over the limit: {', '.join(over)}")


if __name__ == "__main__":
    main()
