#!/usr/bin/env bash
# Write constraints.txt anew, with the newest versions that fit pyproject.toml:  constraints.sh VENV
#
# Resolved for the first release of the oldest Python: Debian 12 has 3.11.2, Ubuntu 22.04 has 3.11.0,
# and packages exist that want a later patch of 3.11.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

pins="$("$venv/bin/python" -m uv pip compile --quiet --all-extras --no-header --no-annotate \
    --python "$venv/bin/python" --python-version 3.11.0 pyproject.toml)"
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
