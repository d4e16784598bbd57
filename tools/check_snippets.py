#!/usr/bin/env python3
"""Every C++ snippet of README.md and docs/*.md is cut from a compiled file; --write puts the current text in.

A snippet is a fenced block that follows a line `<!-- snippet: path#name -->`; the file marks it with lines `//[name` and
`//]`. A C++ block without such a line, or with another text than the file's, is an error.
"""
import argparse
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
MARK = re.compile(r"^<!-- snippet: ([^#\s]+)#(\w+) -->$")


def cut(path, name):
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.search(rf"^[ \t]*//\[{name}[ \t]*\n(.*?)^[ \t]*//\][ \t]*$", text, re.M | re.S)
    if not found:
        raise KeyError(f"{path} has no snippet '{name}'")
    kept = [line for line in found.group(1).split("\n") if not re.match(r"\s*//[\[\]]", line)]
    return textwrap.dedent("\n".join(kept)).strip("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the text of the snippets by that of the files")
    arguments = parser.parse_args()
    problems, count = [], 0
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        lines, out, i = page.read_text(encoding="utf-8").split("\n"), [], 0
        while i < len(lines):
            line = lines[i]
            out.append(line)
            i += 1
            if not line.startswith("```") or line.strip() == "```":
                continue
            end = next((k for k in range(i, len(lines)) if lines[k].strip() == "```"), None)
            if end is None:
                problems.append(f"{page.name}:{i}: a fenced block does not end")
                break
            mark = MARK.match(out[-2]) if len(out) > 1 else None
            if mark:
                count += 1
                try:
                    wanted = cut(mark.group(1), mark.group(2)).split("\n")
                    if lines[i:end] != wanted and not arguments.write:
                        problems.append(f"{page.name}:{i}: the snippet differs from {mark.group(1)}#{mark.group(2)}")
                except (KeyError, FileNotFoundError) as failure:
                    problems.append(f"{page.name}:{i}: {failure}")
                    wanted = lines[i:end]
                out.extend(wanted)
            else:
                if line.strip() in ("```cpp", "```c++"):
                    problems.append(f"{page.name}:{i}: a C++ block that is cut from no file")
                out.extend(lines[i:end])
            out.append(lines[end])
            i = end + 1
        if arguments.write:
            page.write_text("\n".join(out), encoding="utf-8")
    for problem in problems:
        print(f"check_snippets: {problem}")
    if problems:
        sys.exit(1)
    print(f"check_snippets: {count} snippets are true")


if __name__ == "__main__":
    main()
