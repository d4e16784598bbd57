#!/usr/bin/env python3
"""Compiles a query twice: what checks a statement's text must be in the program for a text made at run time, and must not
be for a literal. Then runs a query through a session with a guard twice: what checks and judges a text, which is linked for
other texts there, must be entered for a text made at run time, and must not be for a literal. Last, includes the headers and
uses nothing of them: none of the library's functions and tables may be in the object file."""
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
UNUSED = """#include <dovetail/asyncsql_async.hpp>
#include <dovetail/dovetail.hpp>
#include <dovetail/sqlite_async.hpp>
#include <dovetail/workersql_async.hpp>
#if __has_include(<openssl/ssl.h>)
#include <dovetail/postgres_async.hpp>
#include <dovetail/workersql_gateway.hpp>
#endif
"""
FUNCTION = re.compile(r"^[0-9a-f]+ [tTwWuV] (?:dovetail::|vtable for dovetail::).*")
CHECKS = re.compile(r"dovetail::.*\b(lexer|sql_analysis|placeholder_check|select_list|analyse\w*)\b")

# A guard has the checks in the program, for texts made at run time; GCC's hooks tell which functions a call enters.
GUARDED = """#include <dovetail/asyncsql.hpp>
#include <dovetail/sqlite.hpp>

#include <cstdio>

namespace dt = dovetail;
namespace sql = dovetail::asyncsql;

static bool is_watching = false;
static void* entered[1 << 16];
static unsigned count = 0;
extern "C" __attribute__((no_instrument_function)) void __cyg_profile_func_enter(void* function, void*) {{
  if (is_watching && count < (1 << 16)) entered[count++] = function;
}}
extern "C" __attribute__((no_instrument_function)) void __cyg_profile_func_exit(void*, void*) {{}}

int main() {{
  dt::sqlite::client client{{"sqlite::memory:?maxConnections=1"}};
  client.script("create table city(id integer primary key); insert into city values (7)");
  sql::session<dt::sqlite::client, sql::guard<>> db{{client}};
  is_watching = true;
  const int found = db.query_value<int>({}, dt::arg<"id">(7));
  is_watching = false;
  for (unsigned i = 0; i < count; ++i) std::printf("%llx\\n", reinterpret_cast<unsigned long long>(entered[i]));
  return found == 7 && count < (1 << 16) ? 0 : 1;
}}
"""
ENTERED = re.compile(r"dovetail::.*\b(?:lexer|token_run|analyser|classifier|placeholder_check)::|"
                     r"dovetail::.*\b(?:check_text|read_for_rules|rule_of|validate|classify|ask_access)\(")
CALL = re.compile(r"dovetail::.*\bguard<.*>::check\(")


def compiled(compiler, include, program, wanted, folder):
    """The lines of nm, of the program's object file, in which `wanted` is found."""
    source = folder / "compiled.cpp"
    source.write_text(program, encoding="utf-8")
    made = folder / "compiled.o"
    subprocess.run(compiler + ["-std=c++20", "-O2", f"-I{include}", "-c", str(source), "-o", str(made)], check=True)
    names = subprocess.run(["nm", "-C", str(made)], check=True, capture_output=True, text=True).stdout
    return [line for line in names.splitlines() if wanted.search(line)]


def checks_in(compiler, include, text, folder):
    """The names of the functions in the object file that look at a statement's text."""
    return compiled(compiler, include, PROGRAM.format(text), CHECKS, folder)


def checks_entered(compiler, include, text, folder):
    """The names of the functions that look at a statement's text and are entered by a call behind a guard."""
    source = folder / "guarded.cpp"
    source.write_text(GUARDED.format(text), encoding="utf-8")
    made = folder / "guarded"
    subprocess.run(compiler + ["-std=c++20", "-O1", "-no-pie", "-finstrument-functions", f"-I{include}", str(source),
                               "-lsqlite3", "-pthread", "-o", str(made)], check=True)
    entered = {int(line, 16) for line in subprocess.run([str(made)], check=True, capture_output=True, text=True).stdout.split()}
    names = subprocess.run(["nm", "-C", "--defined-only", str(made)], check=True, capture_output=True, text=True).stdout
    lines = [line for line in names.splitlines() if int(line.split()[0], 16) in entered]
    if not any(CALL.search(line) for line in lines):
        sys.exit("the call did not come to the guard: the names in this script are not true any more")
    return [line for line in lines if ENTERED.search(line)]


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
        unused = compiled(compiler, arguments.include, UNUSED, FUNCTION, folder)
        if not compiled(compiler, arguments.include, PROGRAM.format(TEXT), FUNCTION, folder):
            sys.exit("no function of the library was found in a program that uses it: nm writes them otherwise now")
        guarded_literal = checks_entered(compiler, arguments.include, TEXT, folder)
        guarded = checks_entered(compiler, arguments.include, f"dt::runtime({TEXT})", folder)
    print(f"literal: {len(literal)} functions that look at its text; run-time text: {len(made)}")
    print(f"behind a guard, entered by a call: literal: {len(guarded_literal)}; run-time text: {len(guarded)}")
    print(f"headers of which nothing is used: {len(unused)} functions and tables")
    if literal or guarded_literal or unused or not made or not guarded:
        sys.exit("\n".join(literal + guarded_literal + unused) or
                 "nothing was found for the run-time text: the names in this script are not true any more")


if __name__ == "__main__":
    main()
