#!/usr/bin/env python3
"""Compares the version in version.hpp with every manifest and the changelog."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
text = (ROOT / "include/dovetail/version.hpp").read_text()
version = re.search(r'DOVETAIL_VERSION_STRING "([^"]+)"', text).group(1)
numbers = ".".join(re.search(rf"DOVETAIL_VERSION_{part} (\d+)", text).group(1) for part in ("MAJOR", "MINOR", "PATCH"))
found = {
    "the three numbers of version.hpp": numbers,
    "vcpkg.json": json.loads((ROOT / "vcpkg.json").read_text())["version-semver"],
    "ports/dovetail/vcpkg.json": json.loads((ROOT / "ports/dovetail/vcpkg.json").read_text())["version-semver"],
    "CHANGELOG.md": re.search(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.M).group(1),
}
single = ROOT / "single_include/dovetail.hpp"
if single.exists():
    found["single_include/dovetail.hpp"] = re.search(r"^// dovetail ([0-9.]+):", single.read_text()).group(1)
wrong = [f"{name} says {value}" for name, value in found.items() if value != version]
if wrong:
    sys.exit(f"check_versions: version.hpp says {version}, but " + ", ".join(wrong))
print(f"check_versions: {version} in {len(found) + 1} places")
