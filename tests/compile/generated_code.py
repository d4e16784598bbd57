#!/usr/bin/env python3
"""Compiles a query twice: what checks a statement's text must be in the program for a text made at run time, and must not
be for a literal."""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

PROGRAM = """#include <dovetail/sqlite.hpp>
namespace dt = dovetail;
int ask(dt::sqlite::client& db, int id) {{ return db.query_value<int>({}, dt::arg<"id">(id)); }}
"""
TEXT = '"select id from city where id = :id"'
CHECKS = re.compile(r"dovetail::.*\b(lexer|sql_analysis|placeholder_check|select_list|analyse\w*)\b")


def checks_in(compiler, include, text, folder):
    """The names of the functions in the object file that look at a statement's text."""
    source = folder / "ask.cpp"
    source.write_text(PROGRAM.format(text), encoding="utf-8")
    made = folder / "ask.o"
    subprocess.run(compiler + ["-std=c++20", "-O2", f"-I{include}", "-c", str(source), "-o", str(made)], check=True)
    names = subprocess.run(["nm", "-C", str(made)], check=True, capture_output=True, text=True).stdout
    return [line for line in names.splitlines() if CHECKS.search(line)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", required=True)
    arguments = parser.parse_args()
    compiler = shlex.split(arguments.compiler)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        literal = checks_in(compiler, arguments.include, TEXT, folder)
        made = checks_in(compiler, arguments.include, f"dt::runtime({TEXT})", folder)
    print(f"literal: {len(literal)} functions that look at its text; run-time text: {len(made)}")
    if literal or not made:
        sys.exit("\n".join(literal) or "nothing was found for the run-time text: the names in this script are not true any more")


if __name__ == "__main__":
    main()
