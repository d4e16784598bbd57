#!/usr/bin/env bash
# Installs what is missing, builds the main example and runs it: tools/quickstart.sh [folder] (default: this repository).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$here}
# Said before anything is installed or built; the program says the same.
[[ -d $folder ]] || { echo "quickstart: $folder is not a folder" >&2; exit 2; }

"$here/tools/packages.sh" build
cd "$here"
echo "building the main example (about half a minute) ..."
cmake --preset quickstart >/dev/null
cmake --build --preset quickstart --target example_quickstart >/dev/null
cd - >/dev/null
exec "$here/build/quickstart/examples/quickstart" "$folder"
