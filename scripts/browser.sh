#!/usr/bin/env bash
# Print the path of the browser that the tests drive, installing it where we may:  browser.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
venv=$1

ask() {
    "$venv/bin/python" -c "from workbench.doctor import browser; print($1)"
}

# Playwright brings its own driver, which needs a library that a bare machine lacks.
packages="$(ask '*browser.missing_packages()')"
# shellcheck disable=SC2086  # one word a package
if [ -n "$packages" ] && ! { can_apt && apt_install $packages; }; then
    echo "
Playwright, which steers the browser for the tests, lacks system libraries:
    sudo apt-get install $packages
or leave those tests out: make unit" >&2
    exit 1
fi

path="$(ask 'browser.find_browser() or str()')"
if [ -z "$path" ] && [ -n "${CHROMIUM:-}" ]; then
    echo "CHROMIUM=$CHROMIUM is no program: set it to the path of a Chromium or Chrome" >&2
    exit 1
fi
if [ -z "$path" ] && can_apt && apt_install chromium; then
    path="$(ask 'browser.find_browser() or str()')"
fi
if [ -z "$path" ]; then
    echo "
The tests drive a real JupyterLab in Chromium or Chrome, and neither was found. Either
    sudo apt-get install chromium          (Debian)
    sudo snap install chromium             (Ubuntu)
or say where it is:       make test CHROMIUM=/path/to/chromium
or leave those tests out: make unit" >&2
    exit 1
fi
echo "$path"
