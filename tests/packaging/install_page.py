#!/usr/bin/env python3
"""Follows docs/install.md literally: each section that has shell lines starts in an empty folder with the page's program.

install_page.py [part of a section's title]...
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^(?:<!-- (file|snippet): (\S+) -->\n)?```(\w+)\n(.*?)^```$", re.M | re.S)


def main():
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    opening, *sections = re.split(r"^## ", page, flags=re.M)
    program = next(text for kind, _, language, text in FENCE.findall(opening) if language == "cpp")
    failures = done = 0
    for section in sections:
        title = section.split("\n", 1)[0]
        blocks = FENCE.findall(section)
        if not any(language == "sh" for _, _, language, _ in blocks):
            continue
        if sys.argv[1:] and not any(part in title for part in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "main.cpp").write_text(program)
            lines = ""
            for kind, name, language, text in blocks:
                if kind == "file":
                    (pathlib.Path(folder) / name).write_text(text)
                elif language == "sh":
                    lines += text
            environment = {**os.environ, "DOVETAIL": str(ROOT)}
            start = time.monotonic()
            run = subprocess.run(["bash", "-euc", lines], cwd=folder, env=environment, text=True, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            seconds = time.monotonic() - start
        done += 1
        if run.returncode == 0 and run.stdout.endswith("Bern\n"):
            print(f"ok      {title} ({seconds:.0f} s)", flush=True)
        else:
            failures += 1
            print(f"FAILED  {title}\n{run.stdout[-3000:]}", flush=True)
    return 1 if failures or done == 0 else 0


sys.exit(main())
