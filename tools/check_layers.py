#!/usr/bin/env python3
"""Checks that includes go down only and that outside libraries stay in their one place (docs: rationale, layers)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "dovetail"
BELOW = {
    "base": set(),
    "row": {"base"},
    "format": {"base", "row"},
    "sql": {"base", "row"},
    "sansio": {"base"},
    "codec": {"base", "format", "row", "sql", "sansio"},
    "policy": {"base"},
    "transport": {"base"},
    "driver": {"base", "sansio", "transport"},
    "client": {"base", "row", "format", "sql", "sansio", "codec", "policy", "transport", "driver"},
}
OUTSIDE = {  # a pattern of outside includes -> where they may stand
    r"asio(/|\.hpp)": lambda path: path.parts[0] in ("transport", "driver", "client"),
    r"boost/": lambda path: str(path) == "row/reflect.hpp",
    r"openssl/": lambda path: path.name.startswith("tls") and path.parts[0] == "transport",
    r"sqlite3": lambda path: path.parts[0] == "client" and str(path) == SQLITE_HOME,
}
BANNED_INCLUDES = {"iostream", "regex", "functional", "ranges", "cassert", "assert.h", "asio/coroutine.hpp", "asio.hpp", "boost/pfr.hpp"}
BANNED_WORDS = re.compile(r"\b(__LINE__|__FILE__|__COUNTER__|__has_include|using\s+namespace\s+\w+\s*;)|(?<![\w.:_])assert\s*\(|^\s*namespace\s*\{|^static\s+(?!_)[\w:<]+[^=;]*\(")
SQLITE_HOME = "client/sqlite/library.hpp"
# Headers that the rule of 600 lines a header does not bind, each with its reason.
LONG = {}


# Facades that a program without Asio can include.
BLOCKING = ["sqlite.hpp", "postgres.hpp", "lensdb.hpp"]


def asio_of(name, seen):
    """The way from a header to the first include of Asio, or None."""
    for line in (INCLUDE / name).read_text(encoding="utf-8").split("\n"):
        match = re.match(r"\s*#\s*include\s*<(?:(asio[/.][^>]+)|dovetail/([^>]+))>", line)
        if match and match.group(1):
            return [name, match.group(1)]
        if match and match.group(2) not in seen:
            seen.add(match.group(2))
            if found := asio_of(match.group(2), seen):
                return [name, *found]
    return None


def main():
    problems = []
    sqlite_homes = set()
    for path in sorted(INCLUDE.rglob("*.hpp")):
        relative = path.relative_to(INCLUDE)
        layer = relative.parts[0] if len(relative.parts) > 1 else None
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        if layer is not None and layer not in BELOW:
            problems.append(f"{relative}: the folder {layer} is no layer")
            continue
        if not lines[0].startswith("// ") or "#pragma once" not in lines[1:3]:
            problems.append(f"{relative}: begins with one sentence of comment, then #pragma once")
        if len(lines) > 600 and str(relative) not in LONG:
            problems.append(f"{relative}: {len(lines)} lines; a header over 600 holds more than one idea")
        for number, line in enumerate(lines, 1):
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            match = re.match(r"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]", line)
            if match:
                name = match.group(1)
                if name in BANNED_INCLUDES:
                    problems.append(f"{relative}:{number}: <{name}> is banned in headers")
                if name.startswith("dovetail/"):
                    target = name[len("dovetail/"):].split("/")
                    if not (INCLUDE / name[len("dovetail/"):]).is_file():
                        problems.append(f"{relative}:{number}: {name} does not exist")
                    if layer is not None:
                        if len(target) == 1 and target[0] not in ("version.hpp", "fwd.hpp"):
                            problems.append(f"{relative}:{number}: a layer includes the facade {name}")
                        elif len(target) > 1 and target[0] != layer and target[0] not in BELOW[layer]:
                            problems.append(f"{relative}:{number}: {layer} must not include {target[0]}")
                for pattern, allowed in OUTSIDE.items():
                    if re.match(pattern, name):
                        if layer is None or not allowed(relative):
                            problems.append(f"{relative}:{number}: <{name}> must not be included here")
                        if pattern == "sqlite3":
                            sqlite_homes.add(str(relative))
            elif not line.lstrip().startswith("#"):
                found = BANNED_WORDS.search(code)
                if found:
                    problems.append(f"{relative}:{number}: `{found.group(0).strip()}` is banned in headers")
    for facade in BLOCKING:
        if found := asio_of(facade, {facade}):
            problems.append(f"{facade} needs no Asio, but includes it: " + " -> ".join(found))
    for problem in problems:
        print(f"check_layers: {problem}")
    if problems:
        sys.exit(f"check_layers: {len(problems)} problems")
    print("check_layers: includes go down only")


if __name__ == "__main__":
    main()
