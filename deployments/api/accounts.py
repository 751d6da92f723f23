"""`/accounts`: credentials at providers, without the credentials."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from ninja import Field, Router, Schema, Status
from pydantic import StrictStr

from deployments.models import Account
from deployments.planning.power import Scope
from deployments.services import account_views, accounts, rotation
from deployments.services.account_views import AccountView
from deployments.services.accounts import AccountChange, AccountWish
from deployments.services.errors import Refused
from deployments.services.rotation import Rotated
from deployments.services.status import visible

from .access import ApiRequest, needs
from .budgets import Amount
from .kinds import Flag, Line, Page, Text, Usd, Wish

router = Router(tags=["accounts"])
_ONE = "/accounts/{int:account_id}"
Secret = Annotated[StrictStr, Field(max_length=400)]


class SecretOut(Schema):
    """Whether a secret is there. Nothing shows what it is."""

    kind: str = Field(description="token, proxy_token, engine_key or huggingface_token.")
    is_set: bool
    changed_at: datetime | None = Field(description="Null where that was before it was noted.")


class AccountOut(Schema):
    """Credentials at a provider, without the credentials."""

    id: int
    name: str
    provider: str
    environment: str
    workspace: str = Field(description="What the token belongs to; empty until the provider was asked.")
    is_sandbox: bool
    managed: bool = Field(description="Token and environment come with the start of the panel.")
    region_factor: Decimal
    seen_at: datetime | None = Field(description="When the provider last answered.")
    checked_at: datetime | None = Field(description="When its token was last checked.")
    blind_since: datetime | None = Field(description="Since when it has not.")
    last_error: str
    problems: list[str]
    budget_usd: Usd | None = Field(description="The environment's own budget of a month.")
    budget_read_at: datetime | None
    budget_typed_on: date | None = Field(description="Where it could not be read and somebody typed it.")
    budget_source: str
    deployments: int
    secrets: list[SecretOut]


class AccountAsked(Wish):
    """An account to add; the provider is asked with it before anything is kept."""

    name: Text
    environment: Text = "main"
    token_id: Secret
    token_secret: Secret


class AccountPatch(Wish):
    """What to change. What is left out stays. Secrets are changed by `rotate`."""

    name: Text | None = None
    environment: Text | None = None
    region_factor: Decimal | None = Field(None, description="What a pinned region multiplies prices by.")
    typed_budget_usd: Amount | None = Field(None, description="0 takes it away.")
    typed_budget_source: Line | None = None


class Rotation(Wish):
    """A secret to change. What one kind needs, the others refuse."""

    secret: Rotated
    token_id: Secret | None = None
    token_secret: Secret | None = None
    huggingface_token: Secret | None = Field(None, description="Empty takes it away.")
    at_once: Flag = Field(False, description="Of the proxy token: revoke the one before now; it leaked.")


class RotatedOut(Schema):
    """What was done, and the account after it."""

    said: str
    account: AccountOut


@router.get("/accounts", response=Page[AccountOut], summary="Accounts at providers")
@needs(Scope.READ)
def get_accounts(request: ApiRequest) -> Any:
    """Without any secret; for a limited key those of its deployments."""
    found = account_views.views()
    if request.auth.deployments is not None:
        own = set(visible(request.auth).values_list("account_id", flat=True))
        found = [view for view in found if view.row.pk in own]
    return {"items": [_shown(view) for view in sorted(found, key=lambda one: one.row.name)], "next": None}


@router.post("/accounts", response={201: AccountOut}, summary="Add an account")
@needs(Scope.ADMIN)
def post_account(request: ApiRequest, wish: AccountAsked) -> Status[Any]:
    """The provider is asked first: 422 where it refuses, 503 where it cannot be reached. Deploys nothing."""
    asked = AccountWish(wish.name, wish.environment, wish.token_id, wish.token_secret)
    return Status(201, _answer(accounts.add(asked, actor=request.auth)))


@router.patch(_ONE, response=AccountOut, summary="Change an account")
@needs(Scope.ADMIN)
def patch_account(request: ApiRequest, account_id: int, wish: AccountPatch) -> Any:
    """Another environment is asked for first, and only while nothing is left in the one before."""
    asked = AccountChange(**wish.dict(exclude_unset=True))
    return _answer(accounts.change(account_id, asked, actor=request.auth))


@router.delete(_ONE, response={204: None}, summary="Remove an account")
@needs(Scope.ADMIN)
def delete_account(request: ApiRequest, account_id: int) -> Status[None]:
    """409 while deployments or runs belong to it. Its proxy token is revoked."""
    accounts.remove(account_id, actor=request.auth)
    return Status(204, None)


@router.post(_ONE + "/check", response=AccountOut, summary="Ask the provider now")
@needs(Scope.ADMIN)
def check_account(request: ApiRequest, account_id: int) -> Any:
    """Free. 422 where it refuses the token or has no such environment, 503 where it cannot be reached."""
    return _answer(accounts.check(account_id, actor=request.auth))


@router.post(_ONE + "/rotate", response=RotatedOut, summary="Change a secret")
@needs(Scope.ADMIN)
def rotate_secret(request: ApiRequest, account_id: int, wish: Rotation) -> Any:
    """Each so that a failure on the way leaves what works now. The engine's key only while nothing of the
    account is lit (409 in_use)."""
    said = _rotate(account_id, wish, request)
    return {"said": said, "account": _answer(Account.objects.get(pk=account_id))}


def _rotate(account_id: int, wish: Rotation, request: ApiRequest) -> str:
    actor = request.auth
    match wish.secret:
        case Rotated.TOKEN:
            pair = {"token_id": wish.token_id or "", "token_secret": wish.token_secret or ""}
            return rotation.token(account_id, **pair, actor=actor)
        case Rotated.PROXY_TOKEN:
            return rotation.proxy_token(account_id, actor=actor, at_once=wish.at_once)
        case Rotated.ENGINE_KEY:
            return rotation.engine_key(account_id, actor=actor)
    if wish.huggingface_token is None:
        words = "Give the token; an empty text takes it away."
        raise Refused("invalid", words, status=422, fields={"huggingface_token": words})
    return rotation.huggingface_token(account_id, token=wish.huggingface_token, actor=actor)


def _answer(account: Account) -> dict[str, Any]:
    return _shown(account_views.view(account))


def _shown(view: AccountView) -> dict[str, Any]:
    row, budget = view.row, view.budget
    names = (
        "id", "name", "provider", "environment", "workspace", "is_sandbox", "region_factor", "seen_at",
        "checked_at", "blind_since", "last_error",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "managed": view.managed,
        "problems": view.problems,
        "budget_usd": budget.amount_usd if budget else None,
        "budget_read_at": budget.read_at if budget else None,
        "budget_typed_on": budget.typed_on if budget else None,
        "budget_source": budget.source if budget else "",
        "deployments": view.deployments,
        "secrets": [
            {"kind": s.kind.value, "is_set": s.is_set, "changed_at": s.changed_at} for s in view.secrets
        ],
    }
