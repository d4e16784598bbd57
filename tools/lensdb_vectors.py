#!/usr/bin/env python3
"""Writes tests/data/lensdb-vectors.tsv as a C++ header, so that the compiler can check every recorded vector.

    tools/lensdb_vectors.py            write tests/support/lensdb_vectors.hpp
    tools/lensdb_vectors.py --check    fail when it is not what would be written
"""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests" / "data" / "lensdb-vectors.tsv"
TARGET = ROOT / "tests" / "support" / "lensdb_vectors.hpp"
WIDTH = 100

HEAD = """\
// The recorded LensDB vectors of tests/data/lensdb-vectors.tsv. Written by tools/lensdb_vectors.py: do not edit.
#pragma once

#include <string_view>

namespace lensdb_vectors {

struct vector {
  std::string_view id;
  std::string_view title;
  std::string_view request;   // in hex
  std::string_view response;  // in hex
};

// clang-format off
inline constexpr vector all[] = {
"""

TAIL = """\
};
// clang-format on

}  // namespace lensdb_vectors
"""


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def pieces(hexadecimal):
    if not hexadecimal:
        return '""'
    cut = [hexadecimal[i : i + WIDTH] for i in range(0, len(hexadecimal), WIDTH)]
    return ("\n   ").join(literal(each) for each in cut)


def render():
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    if lines[0].split("\t")[:4] != ["id", "title", "request_hex", "response_hex"]:
        sys.exit(f"{SOURCE}: unexpected columns")
    parts = [HEAD]
    for line in lines[1:]:
        identifier, title, request, response = line.split("\t")[:4]
        bytes.fromhex(request), bytes.fromhex(response)  # a damaged file must not get past this point
        parts.append(
            f"  {{{literal(identifier)}, {literal(title)},\n   {pieces(request)},\n   {pieces(response)}}},\n"
        )
    parts.append(TAIL)
    return "".join(parts)


def main():
    text = render()
    if sys.argv[1:] == ["--check"]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            sys.exit(f"{TARGET.relative_to(ROOT)} is stale: run tools/lensdb_vectors.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
