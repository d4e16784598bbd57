#!/usr/bin/env python3
"""Writes single_include/dovetail.hpp from the modular headers; --check only says whether it is fresh.

The output depends on the sources alone: no date, no revision, no path. Only `#pragma once` and the project's own includes
are removed, and unconditional outside includes are hoisted and sorted, so that single header and modular headers are the
same tokens and one program may mix them. What cannot be done right is refused with an error that says how to mend it.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
OUTPUT = ROOT / "single_include" / "dovetail.hpp"
# Entry headers in order: the macro that must be defined for them, or None.
# What several guarded facades share stands in front of them: the verbs of SQL clients, how rows are read, and AsyncSQL.
ENTRIES = [("dovetail.hpp", None), ("client/sql_async_verbs.hpp", None), ("row/bind.hpp", None),
           ("row/bound_rows.hpp", None), ("row/read.hpp", None), ("asyncsql.hpp", None), ("asyncsql_async.hpp", None),
           ("client/verify_queries.hpp", None),
           ("sqlite.hpp", "DOVETAIL_WITH_SQLITE"), ("sqlite_async.hpp", "DOVETAIL_WITH_SQLITE"),
           ("sqlite_verify.hpp", "DOVETAIL_WITH_SQLITE"),
           ("tls.hpp", "DOVETAIL_WITH_OPENSSL"), ("postgres.hpp", "DOVETAIL_WITH_OPENSSL"),
           ("postgres_async.hpp", "DOVETAIL_WITH_OPENSSL"), ("postgres_verify.hpp", "DOVETAIL_WITH_OPENSSL"),
           ("codec/postgres/copy_out.hpp", "DOVETAIL_WITH_OPENSSL"), ("codec/postgres/pipeline.hpp", "DOVETAIL_WITH_OPENSSL"),
           ("codec/postgres/wait_notification.hpp", "DOVETAIL_WITH_OPENSSL"),
           ("workersql.hpp", "DOVETAIL_WITH_OPENSSL"), ("workersql_async.hpp", "DOVETAIL_WITH_OPENSSL"),
           ("workersql_gateway.hpp", "DOVETAIL_WITH_OPENSSL")]
DIRECTIVE = re.compile(r"^\s*#\s*(\w+)\s*(.*?)\s*$")
OWN = re.compile(r"^[<\"](dovetail/[^>\"]+)[>\"]")
BANNED = re.compile(r"\b(__LINE__|__FILE__|__COUNTER__|__DATE__|__TIME__|__has_include)\b")


def refuse(where, why):
    sys.exit(f"amalgamate: {where}: {why}")


class Amalgamation:
    def __init__(self):
        self.done = {}  # header -> the macro that guards it
        self.stack = []

    def collect(self, name, guard, outside, body):
        path = INCLUDE / name
        if name in self.stack:
            refuse(name, "includes itself: " + " -> ".join(self.stack[self.stack.index(name):] + [name]))
        if name in self.done:
            first = self.done[name]
            if first is not None and first != guard:
                refuse(name, f"is needed under {guard} and under {first}; move the shared part to an unguarded header")
            return
        if not path.is_file():
            refuse(name, "is included but does not exist")
        text = path.read_text(encoding="utf-8")
        if "\r" in text:
            refuse(name, "has carriage returns; use LF line ends")
        lines = text.split("\n")
        if "#pragma once" not in lines[:3]:
            refuse(name, "lacks `#pragma once` in its first three lines")
        self.stack.append(name)
        depth, kept = 0, []
        continued = False
        for number, line in enumerate(lines, 1):
            where = f"include/{name}:{number}"
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            if BANNED.search(code):
                refuse(where, f"{BANNED.search(code).group(1)} makes the tokens depend on the file; do without it")
            match = None if continued else DIRECTIVE.match(line)
            continued = line.endswith("\\")
            if not match:
                kept.append(line)
                continue
            word, rest = match.groups()
            if word in ("if", "ifdef", "ifndef"):
                depth += 1
            elif word == "endif":
                depth -= 1
            if word == "pragma" and rest == "once":
                continue
            if word != "include":
                kept.append(line)
                continue
            own = OWN.match(rest)
            if own:
                if depth:
                    refuse(where, "includes a project header under a condition; include it unconditionally")
                self.collect(own.group(1), guard, outside, body)
            elif depth:
                kept.append(line)
            elif rest.startswith("<"):
                outside.add(rest.split("//")[0].strip())
            else:
                refuse(where, "includes with quotes; write <…>")
        if depth:
            refuse(name, "has an unbalanced #if")
        self.stack.pop()
        self.done[name] = guard
        content = "\n".join(kept).strip("\n")
        body.append(f"// ---- dovetail/{name[len('dovetail/'):]} ----\n{re.sub(chr(10) + '{3,}', chr(10) * 2, content)}\n")


def generate():
    amalgamation = Amalgamation()
    sections, everything = [], {}
    for entry, guard in ENTRIES:
        name = f"dovetail/{entry}"
        if not (INCLUDE / name).is_file():
            refuse(name, "is an entry of the single header but does not exist")
        outside, body = set(), []
        amalgamation.collect(name, guard, outside, body)
        if sections and sections[-1][0] == guard:
            sections[-1][1].update(outside)
            sections[-1][2].extend(body)
        else:
            sections.append((guard, outside, body))
    # <dovetail/src.hpp> and its sisters only define a macro around a facade; with the single header one defines it oneself.
    unreached = sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.rglob("*.hpp")
                       if str(path.relative_to(INCLUDE)) not in amalgamation.done and not path.name.endswith("src.hpp"))
    if unreached:
        refuse(unreached[0], "is reached by no entry header; include it from a facade or add an entry "
                             f"({len(unreached)} such: {', '.join(unreached)})")
    version = re.search(r'DOVETAIL_VERSION_STRING "([^"]+)"', (INCLUDE / "dovetail/version.hpp").read_text()).group(1)
    out = [f"// dovetail {version}: typed database clients put together from policies, as one header.",
           "// SPDX-License-Identifier: BSL-1.0",
           "// Generated by tools/amalgamate.py from include/dovetail; do not edit.",
           "// Needs a C++20 compiler, standalone Asio 1.22.1 or newer and Boost.PFR (Boost 1.81 or newer), both header-only.",
           "// Define DOVETAIL_WITH_SQLITE (link sqlite3) or DOVETAIL_WITH_OPENSSL (link ssl and crypto) before including it",
           "// to add those parts; the macros only add declarations.",
           "#pragma once", "",
           "#if !defined(_MSVC_LANG) && __cplusplus < 202002L",
           '#error "dovetail needs C++20: compile with -std=c++20 or newer"', "#endif", ""]
    hoisted = set()
    for guard, outside, body in sections:
        if guard:
            out.append(f"#if defined({guard})\n")
        fresh = sorted(outside - hoisted)
        out.extend(f"#include {name}" for name in fresh)
        if fresh:
            out.append("")
        if guard is None:
            hoisted |= outside
        out.extend(body)
        if guard:
            out.append(f"#endif  // defined({guard})\n")
    return "\n".join(out).rstrip("\n") + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail if the committed file is not what would be written")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    text = generate()
    if arguments.check:
        if not arguments.output.is_file() or arguments.output.read_text(encoding="utf-8") != text:
            sys.exit("amalgamate: single_include/dovetail.hpp is not fresh: run tools/amalgamate.py")
        print("amalgamate: fresh")
        return
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"amalgamate: wrote {text.count(chr(10))} lines")


if __name__ == "__main__":
    main()
