#!/usr/bin/env python3
"""The single header and the modular headers are the same tokens, and one program may mix them."""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import amalgamate  # noqa: E402

DEFINES = ["-DDOVETAIL_WITH_SQLITE", "-DDOVETAIL_WITH_OPENSSL"]
FACADES = [entry for entry, _ in amalgamate.ENTRIES]
passed, failed = 0, 0


def report(ok, name, why=""):
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok     ' if ok else 'FAILED '} {name}" + ("" if ok else f"\n{why}"))


def run(*command, text=None):
    return subprocess.run(command, input=text, text=True, capture_output=True)


def own_tokens(include, text):
    """The preprocessed lines that come from our files, by the line markers of the preprocessor."""
    done = run("g++", "-std=c++20", *DEFINES, f"-I{include}", "-E", "-x", "c++", "-", text=text)
    if done.returncode:
        sys.exit(done.stderr)
    ours, kept = False, []
    for line in done.stdout.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "dovetail" in marker.group(1)
        elif ours:
            kept.append(line)
    # White space between tokens is all that may differ (blank lines around what the script removes).
    return re.sub(r"\s+", "", "\n".join(kept))


# Files are preprocessed in the same order in both forms, so the token streams are equal as they stand.
single = own_tokens("single_include", "#include <dovetail.hpp>\n")
modular = own_tokens("include", "".join(f"#include <dovetail/{f}>\n" for f in FACADES))
difference = next((i for i, (a, b) in enumerate(zip(single, modular)) if a != b), min(len(single), len(modular)))
report(single == modular and len(single) > 100000, f"token-identical ({len(single)} characters without white space)",
       f"  first difference: single …{single[difference - 60:difference + 60]}…\n"
       f"                   modular …{modular[difference - 60:difference + 60]}…")

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    body = """
struct point {{ std::int64_t x; std::string label; }};
std::string {name}() {{
  dovetail::sqlite::client db{{"sqlite::memory:"}};
  db.execute("create table point(x integer, label text)");
  db.insert("point", point{{1, "{name}"}});
  return db.query_one<point>("select x, label from point").label;
}}
"""
    (folder / "one.cpp").write_text("#include <dovetail.hpp>\n#include <dovetail.hpp>\n" + body.format(name="one"))
    (folder / "two.cpp").write_text("#include <dovetail/sqlite.hpp>\n#include <dovetail/lensdb.hpp>\n" + body.format(name="two"))
    (folder / "main.cpp").write_text("#include <string>\nstd::string one(); std::string two();\n"
                                     "int main() { return one() == \"one\" && two() == \"two\" ? 0 : 1; }\n")
    link = run("g++", "-std=c++20", "-O1", "-flto=auto", "-Wodr", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
               *DEFINES, "-Isingle_include", "-Iinclude", str(folder / "one.cpp"), str(folder / "two.cpp"),
               str(folder / "main.cpp"), "-o", str(folder / "mixed"), "-lsqlite3", "-lssl", "-lcrypto", "-pthread")
    report(link.returncode == 0, "two translation units that mix both forms link with -flto -Wodr", link.stderr[:4000])
    report(link.returncode == 0 and run(str(folder / "mixed")).returncode == 0, "and the program works")
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
