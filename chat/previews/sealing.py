"""The answer that carries a preview: its policy, and what is put in front of the model's own code. Pure."""

import re
from pathlib import Path

# What a page in one file needs is inside it: inline code and styles, data: and blob: for pictures, sound,
# fonts and workers. Everything that could leave is 'none'.
_POLICY = {
    "sandbox": "allow-scripts allow-pointer-lock",
    "default-src": "'none'",
    "script-src": "'unsafe-inline' 'unsafe-eval' blob: data:",
    "style-src": "'unsafe-inline' blob: data:",
    "img-src": "blob: data:",
    "media-src": "blob: data:",
    "font-src": "blob: data:",
    "worker-src": "blob:",
    "connect-src": "'none'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "form-action": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'self'",
}
_CLOSED = (
    "accelerometer camera clipboard-read clipboard-write display-capture geolocation"
    " gyroscope hid idle-detection local-fonts magnetometer microphone midi payment publickey-credentials-get"
    " screen-wake-lock serial storage-access usb xr-spatial-tracking"
)
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _CLOSED.split()),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}

_FIRST = f"<script>{Path(__file__).with_name('first.js').read_text()}</script>"
_SHADOW = re.compile(r"shadowrootmode(?=\s*=)", re.IGNORECASE)  # first.js could not see what is inside
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)


def sealed(source: str) -> str:
    """The page with the panel's own script before all of the model's, and no shadow trees by its source."""
    source = _SHADOW.sub("data-mode", source)
    found = _DOCTYPE.match(source)
    after = found.end() if found else 0
    return source[:after] + _FIRST + source[after:]
