#!/bin/sh
# install.sh PYTHON VENV REQUIREMENTS: make VENV where it is missing and install REQUIREMENTS into it, once per
# content of the requirement files.
set -eu
python=$1 venv=$2 requirements=$3

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed, and $python is older. Name another one: make PYTHON=python3.12 $*" >&2
    exit 1
}
if [ ! -x "$venv/bin/python" ]; then
    echo "Making $venv"
    "$python" -m venv "$venv" || {
        echo "$python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    }
fi
hash=$(cat requirements.txt "$requirements" | cksum | tr ' ' '-')
stamp="$venv/.installed-$(basename "$requirements")"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$hash" ]; then
    echo "Installing $requirements (about a minute, once)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
    echo "$hash" > "$stamp"
fi
