"""What receivers of notices are sent."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime

from deployments.models import Notice

SECRET_PREFIX = "whsec_"  # noqa: S105  # how the Standard Webhooks specification writes secrets


def new_secret() -> str:
    """A fresh signing secret of 24 bytes, as the specification writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign. ValueError where it is no secret of at least 24 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("Give the secret as whsec_ and base64.") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("A signing secret has 24 to 64 bytes.")
    return key


def signature(public_id: str, body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id.timestamp.body."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((public_id.encode(), timestamp.encode(), body))
    mark = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": public_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{mark}"}


def webhook(notice: Notice) -> bytes:
    """The body of a signed webhook: id, kind, at, deployment (slug or null), text, more, facts."""
    told = {
        "id": notice.public_id,
        "kind": notice.kind,
        "at": notice.at.isoformat().replace("+00:00", "Z"),
        "deployment": notice.deployment.slug if notice.deployment is not None else None,
        "text": notice.text,
        "more": notice.more,
        "facts": notice.facts,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def slack(notice: Notice) -> bytes:
    """The body of a Slack incoming webhook, with what Slack reads as markup escaped."""
    text = f"{notice.text} {notice.more}".strip()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": escaped}, ensure_ascii=False).encode()


def addresses(target: str) -> list[str]:
    """The mail addresses of a comma list."""
    return [one for one in (part.strip() for part in target.split(",")) if one]
