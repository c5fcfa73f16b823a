#!/usr/bin/env bash
# Print the path of the browser that the tests drive, installing it where we may:  browser.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
venv=$1

find_browser() {
    "$venv/bin/python" -c 'import sys
from workbench.doctor.browser import find_browser
sys.exit(print(path) if (path := find_browser()) else 1)'
}

if find_browser; then
    exit
fi
if [ -n "${CHROMIUM:-}" ]; then
    echo "CHROMIUM=$CHROMIUM is no program: set it to the path of a Chromium or Chrome" >&2
    exit 1
fi
if can_apt && apt_install chromium && find_browser; then
    exit
fi
echo "
The tests drive a real JupyterLab in Chromium or Chrome, and neither was found. Either
    sudo apt-get install chromium          (Debian)
    sudo snap install chromium             (Ubuntu)
or say where it is:       make test CHROMIUM=/path/to/chromium
or leave those tests out: make unit" >&2
exit 1
