#!/usr/bin/env bash
# Write constraints.txt anew, with the newest versions that fit pyproject.toml:  constraints.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

pins="$("$venv/bin/python" -m uv pip compile --quiet --all-extras --no-header --no-annotate \
    --python "$venv/bin/python" pyproject.toml)"
# A line that is not name==version would carry an address: refuse it here, before it is committed.
if odd="$(grep -vE '^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$' <<<"$pins")"; then
    printf 'constraints: neither a name nor a version:\n%s\n' "$odd" >&2
    exit 1
fi
{
    echo "# The exact versions that the tests pass with, for every package that the project and"
    echo "# its extras pull in. Names and versions only: no addresses, no hashes."
    echo "# 'make constraints' writes it anew."
    echo "$pins"
} >constraints.txt
