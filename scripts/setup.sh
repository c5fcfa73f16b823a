#!/usr/bin/env bash
# Make the virtual environment that every target runs in:  setup.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
venv=$1

fail() {
    printf '\nsetup: %s\n' "$*" >&2
    exit 1
}

# fits PYTHON: whether this interpreter runs and has a version that pyproject.toml allows.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or 3.12"
        echo "$PYTHON"
        return
    fi
    local candidate
    for candidate in python3.11 python3.12 python3; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or 3.12 is needed and was not found. On Debian and Ubuntu:
    sudo apt-get install python3.11 python3.11-venv
Python elsewhere: make PYTHON=/path/to/python3.11 setup"
}

# Debian splits venv off the interpreter; without it an environment would come without pip.
need_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    local package
    package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if can_apt && apt_install "$package"; then
        return
    fi
    fail "$1 cannot make virtual environments: its 'venv' module is missing.
    sudo apt-get install $package
and run make again"
}

# uv takes half a minute where pip takes two or more.
install() {
    local python="$venv/bin/python"
    local -a wanted=(-c constraints.txt -e '.[test,check]')
    if "$python" -m pip install --quiet --disable-pip-version-check uv; then
        "$python" -m uv pip install --python "$python" "${wanted[@]}" && return
    else
        echo "setup: uv cannot be had; installing with pip, which takes some minutes" >&2
        "$python" -m pip install --disable-pip-version-check "${wanted[@]}" && return
    fi
    fail "the packages could not be installed: see the lines above. Most often it is the network or
a full disk (about 6 GB are needed). uv does not read pip's configuration: where packages come
through a mirror, set UV_DEFAULT_INDEX to it. Then run make again: what is there is kept"
}

# The mongod that comes with the packages is linked against libraries of the system.
need_libraries() {
    local packages
    packages="$("$venv/bin/python" -c \
        'from workbench.doctor.database import missing_packages; print(*missing_packages())')"
    [ -z "$packages" ] && return
    # shellcheck disable=SC2086  # one word a package
    if can_apt && apt_install $packages; then
        return
    fi
    echo "
setup: mongod lacks system libraries and will not start before you run
    sudo apt-get install $packages" >&2
}

python="$(find_python)"
need_venv "$python"
if ! fits "$venv/bin/python"; then
    "$python" -m venv --clear "$venv"
fi
install
need_libraries
echo "ready: $venv. Try 'make demo', then 'make lab'; 'make doctor' tells what works here"
