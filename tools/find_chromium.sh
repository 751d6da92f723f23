#!/bin/sh
# Print nothing and succeed where a Chromium is found; install the distribution's where we may; else say how.
set -eu
found=${CHROMIUM_PATH:-/usr/bin/chromium}
[ -x "$found" ] && exit 0
if [ -n "${CHROMIUM_PATH:-}" ]; then
    echo "CHROMIUM_PATH names $CHROMIUM_PATH, which is no program that can be run." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "Installing Chromium for the browser tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null
    [ -x "$found" ] && exit 0
fi
echo "The browser tests need Chromium. On Debian: apt-get install chromium. Elsewhere: set CHROMIUM_PATH." >&2
exit 1
