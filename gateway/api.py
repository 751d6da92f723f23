"""Keys over REST: a router that the REST root mounts and authenticates."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from deployments.public import Actor

from .key_errors import KeyRefused
from .keys import create_key, list_keys, owner_named, owner_of, revoke_key
from .models import ApiKey, WhenAsleep

router = Router(tags=["keys"])


class KeyOut(Schema):
    """A key, without its secret."""

    id: int
    name: str
    prefix: str = Field(description="How the secret begins.")
    owner: str = Field(description="User name.")
    scopes: list[str]
    deployments: list[str] | None = Field(description="Slugs; null means every deployment.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="May lag by a minute.")
    revoked_at: datetime | None
    when_asleep: WhenAsleep = Field(description="What becomes of a request while the server is not lit.")
    hold_limit_s: int | None = Field(
        description="Seconds for which a call without a stream is held; null follows the expected time."
    )


class KeyMade(KeyOut):
    """A new key. The secret is shown this once."""

    secret: str


class KeyPage(Schema):
    """Some keys, newest first."""

    items: list[KeyOut]
    next: str | None


class KeyWish(Schema):
    """A key to make."""

    name: str
    scopes: list[str] = Field(description="Of read, chat, wake, operate, admin; never beyond one's own.")
    deployments: list[str] | None = None
    expires_at: datetime | None = None
    when_asleep: str | None = Field(
        None,
        description="hold, answer or refuse; left out, a key that may wake holds and any other refuses.",
    )
    hold_limit_s: int | None = Field(None, description="5 to 3600; null follows the expected time.")
    owner: str | None = Field(None, description="User name; only an admin names somebody else.")


class KeyProblem(Schema):
    """What was wrong."""

    code: str
    message: str
    fields: dict[str, Any] = {}


_DENIED: Any = {401: KeyProblem, 403: KeyProblem}


@router.get(
    "/keys", response={200: KeyPage, 400: KeyProblem, 422: KeyProblem, **_DENIED}, summary="Keys one may see"
)
def get_keys(
    request: HttpRequest, cursor: str | None = None, limit: Annotated[int, Field(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """One's own keys, or everyone's for an admin; revoked ones too."""
    keys = list_keys(_actor(request)).order_by("-id")
    if cursor is not None:
        keys = keys.filter(pk__lt=_position(cursor))
    found = list(keys[: limit + 1])
    return {
        "items": [_shown(key) for key in found[:limit]],
        "next": str(found[limit - 1].pk) if len(found) > limit else None,
    }


@router.post(
    "/keys", response={201: KeyMade, 400: KeyProblem, 422: KeyProblem, **_DENIED}, summary="Make a key"
)
def post_key(request: HttpRequest, wish: KeyWish) -> Status[Any]:
    """The secret is in this answer and nowhere else."""
    actor = _actor(request)
    owner = owner_named(wish.owner) if wish.owner else owner_of(actor)
    key, secret = create_key(actor=actor, owner=owner, **wish.dict(exclude={"owner"}))
    return Status(201, _shown(key) | {"secret": secret})


@router.delete(
    "/keys/{key_id}",
    response={204: None, 404: KeyProblem, 422: KeyProblem, **_DENIED},
    summary="Revoke a key",
)
def delete_key(request: HttpRequest, key_id: int) -> Status[None]:
    """Ends the key for good; felt within 5 s. Doing it again changes nothing."""
    revoke_key(key_id, actor=_actor(request))
    return Status(204, None)


def _shown(key: ApiKey) -> dict[str, Any]:
    names = (
        "id",
        "name",
        "prefix",
        "scopes",
        "deployments",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "when_asleep",
        "hold_limit_s",
    )
    return {name: getattr(key, name) for name in names} | {"owner": key.owner.get_username()}


def _actor(request: HttpRequest) -> Actor:
    """Who the REST root found to be calling."""
    for found in (getattr(request, "auth", None), getattr(request, "actor", None)):
        if isinstance(found, Actor):
            return found
    raise KeyRefused("unauthorized", "Sign in or send a key.", status=401)


def _position(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        message = "Use the value of `next` of the page before."
        raise KeyRefused("invalid", message, status=422, fields={"cursor": message})
    return int(cursor)
