#!/bin/sh
# Installs Sottovoce from a bundle: nothing is fetched, everything is checked first. For Debian 12 and the like.
#
#   sudo ./install.sh [--prefix /opt/sottovoce] [--cache /var/cache/sottovoce] [--no-service]
#                     [--microphone] [--display] [--options "--lan"]
#
# What is installed under the prefix already is replaced; if that fails, it is put back. Settings, keys and
# transcripts are not touched. Removed again with: sottovoce service uninstall; rm -r /opt/sottovoce
set -eu
umask 022

say() { printf 'sottovoce: %s\n' "$*"; }
fail() { printf 'sottovoce: %s\n' "$*" >&2; exit 1; }

prefix=/opt/sottovoce cache=/var/cache/sottovoce service=yes microphone= display= options=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a folder}; shift ;;
        --cache) cache=${2:?--cache needs a folder}; shift ;;
        --options) options=${2?--options needs a text}; shift ;;
        --no-service) service= ;;
        --microphone) microphone=--microphone ;;
        --display) display=--display ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) printf 'sottovoce: unknown option %s; see --help\n' "$1" >&2; exit 2 ;;
    esac
    shift
done
case $prefix in /*) ;; *) fail "--prefix must begin with a slash" ;; esac

cd "$(dirname "$0")"
[ -f SHA256SUMS ] && [ -f bundle.env ] || fail "this is not a bundle: SHA256SUMS or bundle.env is missing"
sha256sum --check --quiet --strict SHA256SUMS >&2 || fail "the bundle is damaged: copy it again"
listed=$(wc -l <SHA256SUMS) there=$(find . -type f ! -name SHA256SUMS | wc -l)
[ "$listed" -eq "$there" ] || fail "the bundle holds files that are not its own"
. ./bundle.env

[ "$(uname -m)" = "$MACHINE" ] || fail "the bundle is for $MACHINE, and this machine is $(uname -m)"
python=$(command -v "python$PYTHON") || fail "Python $PYTHON is missing; the bundle was made for it"
[ -z "$service" ] || [ "$(id -u)" -eq 0 ] || fail "a service needs root: put sudo before it, or use --no-service"
pip=$(find wheels -name 'pip-*.whl' | head -n 1)

old=
restore() {
    status=$?
    if [ $status -ne 0 ]; then
        rm -rf "$prefix"
        if [ -n "$old" ]; then mv "$old" "$prefix"; fi
        say "nothing was installed" >&2
    fi
    exit $status
}
if [ -e "$prefix" ]; then
    [ -x "$prefix/bin/sottovoce" ] || fail "$prefix is there and is no Sottovoce; choose another --prefix"
    old=$prefix.old
    rm -rf "$old"
    mv "$prefix" "$old"
fi
trap restore EXIT
trap 'exit 130' INT TERM
mkdir -p "$(dirname "$prefix")"
if [ -n "$pip" ]; then
    "$python" -m venv --without-pip "$prefix"
    set -- "$prefix/bin/python" "$pip/pip"
else
    "$python" -m venv "$prefix" || fail "python$PYTHON-venv is missing (apt install python$PYTHON-venv)"
    set -- "$prefix/bin/python" -m pip
fi
say "installing version $VERSION into $prefix"
"$@" install --quiet --no-index --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --find-links wheels "sottovoce$EXTRAS==$VERSION"
"$prefix/bin/sottovoce" --version >/dev/null

for model in models/*/; do
    [ -d "$model" ] || continue
    name=$(basename "$model")
    mkdir -p "$cache/models"
    rm -rf "$cache/models/.$name.new"
    cp -R "$model" "$cache/models/.$name.new"
    rm -rf "$cache/models/$name"
    mv "$cache/models/.$name.new" "$cache/models/$name"
    say "model $name is in $cache"
done

trap - EXIT INT TERM
[ -z "$old" ] || rm -rf "$old"
if [ -n "$service" ]; then
    ln -sfn "$prefix/bin/sottovoce" /usr/local/bin/sottovoce
    "$prefix/bin/sottovoce" service install $microphone $display --options "$options"
fi
say "done; see: $prefix/bin/sottovoce doctor"
