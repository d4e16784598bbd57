#!/usr/bin/env python3
"""No macro but the public ones may leak, and hostile macros of the user's must be survived."""
import re
import subprocess
import sys

PUBLIC = re.compile(r"^DOVETAIL_(VERSION(_MAJOR|_MINOR|_PATCH|_STRING)?|WITH_SQLITE|WITH_OPENSSL|ASSERT)$")
FACADES = ["dovetail.hpp", "sqlite.hpp", "sqlite_async.hpp", "lensdb.hpp", "lensdb_async.hpp", "lensdb_server.hpp",
           "tls.hpp", "postgres.hpp", "postgres_async.hpp"]
# As <windows.h> and Qt define them.
HOSTILE = ["min(a,b) (((a) < (b)) ? (a) : (b))", "max(a,b) (((a) > (b)) ? (a) : (b))", "emit", "signals public", "slots", "foreach for",
           "ERROR 0", "OK 0", "small char", "near", "far", "interface struct", "IN", "OUT", "TRUE 1", "FALSE 0", "DELETE 0x10000L"]
BASE = ["g++", "-std=c++20", "-x", "c++", "-"]


def compiler(arguments, text):
    return subprocess.run(BASE[:2] + arguments + BASE[2:], input=text, text=True, capture_output=True)


passed, failed = 0, 0


def report(ok, name, why=""):
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    if not ok:
        print(f"FAILED  {name}\n{why}")


def macros_of(arguments, text):
    return {line.split()[1].split("(")[0] for line in compiler(arguments + ["-E", "-dM"], text).stdout.splitlines() if line.startswith("#define ")}


for facade in FACADES:
    ours = {name for name in macros_of(["-Iinclude"], f"#include <dovetail/{facade}>\n") if "DOVETAIL" in name.upper()}
    leaked = sorted(name for name in ours if not PUBLIC.match(name))
    report(not leaked, f"{facade} leaks no macro", f"  leaked: {leaked}")
with_sqlite = ["-Isingle_include", "-DDOVETAIL_WITH_SQLITE", "-DDOVETAIL_WITH_OPENSSL"]
leaked = sorted(n for n in macros_of(with_sqlite, "#include <dovetail.hpp>\n") if "DOVETAIL" in n.upper() and not PUBLIC.match(n))
report(not leaked, "the single header leaks no macro", f"  leaked: {leaked}")

# The outside headers come first and unharmed; then the user's macros; then ours.
outside = sorted(set(re.findall(r"^#include (<(?!dovetail).*>)$", open("single_include/dovetail.hpp").read(), re.M)))
preamble = "".join(f"#if __has_include({name})\n#include {name}\n#endif\n" for name in outside)
hostile = "".join(f"#define {macro}\n" for macro in HOSTILE)
for name, arguments, include in [("modular", ["-Iinclude"], "".join(f"#include <dovetail/{f}>\n" for f in FACADES)),
                                 ("single", with_sqlite, "#include <dovetail.hpp>\n")]:
    done = compiler(arguments + ["-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"], preamble + hostile + include)
    report(done.returncode == 0, f"the {name} headers survive hostile macros", done.stderr[:3000])
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
