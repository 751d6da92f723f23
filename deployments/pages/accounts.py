"""`/settings/accounts/`: where servers run, with whose credentials, and what was last seen there."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deployments.models import Account, Deployment
from deployments.planning.power import Scope
from deployments.services import account_views, accounts, moving, status
from deployments.services.accounts import AccountChange
from deployments.services.errors import Refused, bad_field
from deployments.services.views import StatusView

from .access import PageRequest, needs
from .answers import acted, refused
from .lookup import deployment_of


@require_safe
@needs(Scope.ADMIN)
def account_list(request: PageRequest) -> HttpResponse:
    """Every account."""
    accounts.may(request.actor)
    return render(request, "settings/accounts.html", {"views": account_views.views()})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def account_page(request: PageRequest, account_id: int) -> HttpResponse:
    """One account; POST changes what can be changed without a secret."""
    account = account_of(request, account_id)
    if request.method != "POST":
        return _page(request, account)
    try:
        accounts.change(account_id, _wish(request.POST), actor=request.actor)
    except Refused as error:
        return _page(request, account, errors=error.fields or {"all": error.message}, status=error.status)
    messages.success(request, "Saved.")
    return redirect("deployments:account", account_id)


def account_of(request: PageRequest, account_id: int) -> Account:
    """The account, for an admin of everything. Http404 where there is none."""
    try:
        return accounts.found(account_id, request.actor)
    except Refused as error:
        raise Http404(error.message) from None


def _page(
    request: PageRequest, account: Account, *, errors: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    elsewhere = Deployment.objects.filter(archived_at__isnull=True).exclude(account=account)
    context = {
        "view": account_views.view(account),
        "here": _statuses(request, account),
        "elsewhere": list(elsewhere.select_related("account")),
        "kept": accounts.why_kept(account),
        "errors": errors or {},
        "sent": request.POST if errors else None,
    }
    return render(request, "settings/account.html", context, status=status)


def _statuses(request: PageRequest, account: Account) -> list[StatusView]:
    own = set(account.deployments.values_list("pk", flat=True))
    return [one for one in status.statuses(actor=request.actor) if one.id in own]


def _wish(sent: QueryDict) -> AccountChange:
    """What a form holds of it; a number that is none is named."""
    return AccountChange(
        name=sent.get("name"),
        environment=sent.get("environment"),
        region_factor=number(sent, "region_factor", "Give a factor, such as 1.75."),
        typed_budget_usd=number(sent, "typed_budget_usd", "Give dollars, such as 300.", empty=Decimal(0)),
        typed_budget_source=sent.get("typed_budget_source"),
    )


def number(sent: QueryDict, name: str, words: str, *, empty: Decimal | None = None) -> Decimal | None:
    """A figure of a form; None where it has no such field, `empty` for an empty one. Raises Refused."""
    text = sent.get(name)
    if text is None or not text.strip():
        return None if text is None else empty
    try:
        value = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise bad_field(name, words) from None
    if not value.is_finite() or value < 0:
        raise bad_field(name, words)
    return value


@require_POST
@needs(Scope.ADMIN)
def check_account(request: PageRequest, account_id: int) -> HttpResponse:
    """Ask the provider now; free."""
    to = reverse("deployments:account", args=[account_id])
    try:
        account = accounts.check(account_id, actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    words = f"{account.get_provider_display()} takes the token: workspace {account.workspace}"
    return acted(request, f"{words}, environment {account.environment}.", to)


@require_POST
@needs(Scope.ADMIN)
def move_here(request: PageRequest, account_id: int) -> HttpResponse:
    """A deployment of another account comes here, if it is off."""
    account = account_of(request, account_id)
    deployment = deployment_of(request, request.POST.get("deployment", ""))
    to = reverse("deployments:account", args=[account_id])
    try:
        moving.move(deployment, account, actor=request.actor)
    except Refused as error:
        return refused(request, error, to)
    return acted(request, f"{deployment.name} is at {account.name} now. Nothing of it is deployed yet.", to)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def remove_account(request: PageRequest, account_id: int) -> HttpResponse:
    """GET says what goes, POST takes it away."""
    account = account_of(request, account_id)
    if request.method != "POST":
        context = {"account": account, "kept": accounts.why_kept(account)}
        return render(request, "settings/account_remove.html", context)
    try:
        left = accounts.remove(account_id, actor=request.actor)
    except Refused as error:
        return refused(request, error, reverse("deployments:account", args=[account_id]))
    if left:
        messages.warning(request, f"Its proxy token could not be revoked; revoke it there. {left}")
    return acted(request, f"{account.name} is removed.", reverse("deployments:accounts"))
