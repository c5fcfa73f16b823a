# shellcheck shell=bash
# Sourced by the other scripts: install Debian packages where that is ours to do.

# can_apt: whether this user may install Debian packages without being asked for a password.
can_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# apt_install PACKAGE...: install them quietly; what apt says goes to stderr.
apt_install() {
    echo "installing with apt-get: $*" >&2
    apt-get update -qq >&2 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 </dev/null
}
