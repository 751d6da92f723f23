"""`Idempotency-Key`: the same request again gets the same answer and does nothing."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from deployments.models import IdempotencyRecord
from deployments.public import Actor, Refused

# An answer is kept this long; afterwards the key counts as new.
KEPT = timedelta(hours=24)
# Without an answer for this long, the process that was at it has died.
ABANDONED = timedelta(seconds=60)
KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry a request out, until it is answered."""

    record_id: int
    owner: str
    key: str


def claim(
    request: HttpRequest, caller: Actor, key: str, now: datetime | None = None
) -> Claim | HttpResponse | None:
    """A Claim where this request is the first, the earlier answer where it was given, None while another
    one is being carried out. Raises Refused 422 for a key that is no key or that came with another request.
    """
    now = now or timezone.now()
    owner = f"key:{caller.key_id}" if caller.key_id is not None else f"user:{caller.user_id}"
    _check(key)
    IdempotencyRecord.objects.filter(owner=owner, created_at__lt=now - KEPT).delete()
    digest = _digest(request)
    try:
        with transaction.atomic():
            made = IdempotencyRecord.objects.create(owner=owner, key=key, request_hash=digest, created_at=now)
        return Claim(made.pk, owner, key)
    except IntegrityError:
        return _join(owner, key, digest, now)


def _join(owner: str, key: str, digest: str, now: datetime) -> Claim | HttpResponse | None:
    record = IdempotencyRecord.objects.filter(owner=owner, key=key).first()
    if record is None:
        return None  # the first one was released just now: the next look claims it
    if record.request_hash != digest:
        words = "This key came with another request; use a new key for a new request."
        raise Refused("idempotency_key_reused", words, status=422, fields={"Idempotency-Key": words})
    if record.status is not None:
        return _answer(record)
    if record.created_at > now - ABANDONED:
        return None
    abandoned = IdempotencyRecord.objects.filter(pk=record.pk, status=None, created_at=record.created_at)
    return Claim(record.pk, owner, key) if abandoned.update(created_at=now) else None


def settle(claim: Claim, response: HttpResponse) -> None:
    """Keep the answer. One that says nothing about the request itself is not kept, so that it can be tried
    again: a failure of the panel, a caller who was not let in, too many requests."""
    mine = IdempotencyRecord.objects.filter(pk=claim.record_id)
    if response.status_code >= 500 or response.status_code in (401, 429):
        mine.delete()
        return
    body = _cipher(claim.owner, claim.key).encrypt(response.content).decode()
    mine.update(status=response.status_code, body=body)


def _answer(record: IdempotencyRecord) -> HttpResponse:
    try:
        content = _cipher(record.owner, record.key).decrypt(str(record.body).encode())
    except InvalidToken:
        words = "It was done, but its answer cannot be read any more: SECRET_KEY was changed."
        raise Refused("answer_lost", words, status=409) from None
    response = HttpResponse(content, status=record.status, content_type="application/json; charset=utf-8")
    response["Idempotency-Replayed"] = "true"
    return response


def _check(key: str) -> None:
    if not KEY.fullmatch(key):
        words = "Use 1 to 255 printable ASCII characters without spaces."
        raise Refused("invalid", words, status=422, fields={"Idempotency-Key": words})


def _digest(request: HttpRequest) -> str:
    parts: list[Any] = [request.method, request.get_full_path(), hashlib.sha256(request.body).hexdigest()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _cipher(owner: str, key: str) -> Fernet:
    """Answers may hold a new key's secret, so they are encrypted; the database alone cannot read them."""
    mac = salted_hmac("controlpanel.rest.repeats", f"{owner}\n{key}", algorithm="sha256")
    return Fernet(base64.urlsafe_b64encode(mac.digest()))
