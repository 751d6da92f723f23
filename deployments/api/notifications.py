"""`GET`, `POST` and `DELETE /notifications`: the channels that notices go to."""

from datetime import datetime
from typing import Any

from ninja import Field, Router, Schema, Status
from pydantic import StrictStr

from deployments.models import NotificationChannel
from deployments.planning.power import Scope
from deployments.services import channels
from deployments.services.channels import ChannelWish

from .access import ApiRequest, needs
from .kinds import Page, Text, Wish

router = Router(tags=["notifications"])


class ChannelOut(Schema):
    """A channel, without its address and secret."""

    id: int
    name: str
    kind: str = Field(description="mail, slack or webhook (signed as Standard Webhooks says).")
    shown: str = Field(description="The mail addresses, or the host of the address.")
    events: list[str] = Field(description="The kinds that go there; empty means all.")
    enabled: bool
    last_ok_at: datetime | None
    last_error: str


class ChannelMade(ChannelOut):
    """A channel just made, with the secret that is shown this once."""

    secret: str = Field(description="Of a signed webhook; empty for others.")


class ChannelAsked(Wish):
    """A channel to make."""

    name: Text
    kind: StrictStr
    target: StrictStr = Field(description="The address of the webhook, or mail addresses with commas.")
    secret: StrictStr = Field("", description="whsec_ and base64 of 24 to 64 bytes; empty makes one.")
    events: list[StrictStr] = []


@router.get("/notifications", response=Page[ChannelOut], summary="Channels of notifications")
@needs(Scope.ADMIN)
def get_notifications(request: ApiRequest) -> Any:
    """Every channel; admins get mail without one."""
    return {"items": list(NotificationChannel.objects.all()), "next": None}


@router.post("/notifications", response={201: ChannelMade}, summary="Add a channel")
@needs(Scope.ADMIN)
def post_notifications(request: ApiRequest, wish: ChannelAsked) -> Any:
    """What is told from now on goes there too."""
    asked = ChannelWish(wish.name, wish.kind, wish.target, wish.secret, wish.events)
    return Status(201, channels.add(asked, actor=request.auth))


@router.post("/notifications/{int:channel_id}/rotate", response=ChannelMade, summary="Another signing secret")
@needs(Scope.ADMIN)
def rotate_notification(request: ApiRequest, channel_id: int) -> Any:
    """What is sent from now on is signed with it; receivers that still check the one before refuse that."""
    return channels.rotate_secret(channel_id, actor=request.auth)


@router.delete("/notifications/{int:channel_id}", response={204: None}, summary="Remove a channel")
@needs(Scope.ADMIN)
def delete_notification(request: ApiRequest, channel_id: int) -> Any:
    """What waits for it is dropped."""
    channels.remove(channel_id, actor=request.auth)
    return Status(204, None)
