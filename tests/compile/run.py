#!/usr/bin/env python3
"""Compiles what must not compile, and looks for the words that the user must see.

A case file holds `#if CASE == n` blocks. The line above or behind each `CASE == n` may hold `// expect: words` comments;
each line of words must appear in the compiler's output (`// expect-clang: words`: in Clang's). CASE=0 is the control: it
must compile.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

CASE = re.compile(r"^\s*#\s*(?:el)?if\s+CASE\s*==\s*(\d+)(.*)$")
EXPECT = re.compile(r"//\s*expect(-clang)?:\s*(.+?)\s*$")


def cases_of(path, is_clang):
    """{number: [words]} of one file; the words stand in comments from the `#if` to the first line of code."""
    found = {}
    current = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := CASE.match(line):
            current = int(match.group(1))
            if current in found:
                sys.exit(f"{path}: CASE {current} stands twice")
            found[current] = []
        if current is not None:
            if match := EXPECT.search(line):
                if is_clang or not match.group(1):
                    found[current].append(match.group(2))
            elif not CASE.match(line):
                current = None
    return found


def problem_of(command, path, number, words):
    """What is wrong with one case, or None."""
    run = subprocess.run(command + [f"-DCASE={number}", str(path)], capture_output=True, text=True, errors="replace",
                         check=False)
    output = run.stdout + run.stderr
    if number == 0:
        return None if run.returncode == 0 else "the control does not compile\n" + output
    if run.returncode == 0:
        return "it compiles"
    if not words:
        return "it has no `// expect:`"
    # Compilers differ in what they print of inline namespaces and of arrays of characters.
    flat = output.replace("v0::", "").replace("‘", "'").replace("’", "'")
    missing = [word for word in words if word not in flat]
    if missing:
        return "\n".join(f"the message lacks: {word}" for word in missing) + "\n" + output
    return None


def precompiled(command, path, folder):
    """The flags that take the includes of `path` from a precompiled header; none when the compiler makes no such."""
    header = pathlib.Path(folder) / f"{path.stem}.hpp"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#include")]
    header.write_text("\n".join(lines) + "\n", encoding="utf-8")
    suffix = ".pch" if "clang" in command[0] else ".gch"
    run = subprocess.run([flag for flag in command if flag != "-fsyntax-only"] +
                         ["-x", "c++-header", str(header), "-o", str(header) + suffix],
                         capture_output=True, check=False)
    return ["-include", str(header)] if run.returncode == 0 else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default="c++", help="compiler command, with arguments of its own if any")
    parser.add_argument("--include", action="append", default=[], help="folder of headers")
    parser.add_argument("--flag", action="append", default=[], help="further flag of the compiler")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true", help="name each case")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="case files; all beside this script by default")
    options = parser.parse_args()

    here = pathlib.Path(__file__).resolve().parent
    files = options.files or sorted(here.glob("**/*.cpp"))
    command = shlex.split(options.compiler) + ["-std=c++20", "-fsyntax-only"]
    if "clang" in command[0]:
        command.append("-DASIO_HAS_CO_AWAIT=1")
    for folder in options.include or [str(here.parent.parent / "include")]:
        command += ["-I", folder]
    command += options.flag

    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        prefixes = [pool.submit(precompiled, command, path, folder) for path in files]
        todo = []
        for path, prefix in zip(files, prefixes):
            found = cases_of(path, "clang" in command[0])
            found.setdefault(0, [])  # everything outside of the cases
            todo += [(path, number, words, command + prefix.result()) for number, words in sorted(found.items())]
        results = [(path, number, pool.submit(problem_of, flags, path, number, words))
                   for path, number, words, flags in todo]
        for path, number, result in results:
            problem = result.result()
            if problem is None:
                passed += 1
                if options.verbose:
                    print(f"ok    {path.name} CASE={number}")
            else:
                failed += 1
                print(f"WRONG {path.name} CASE={number}: {problem}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
