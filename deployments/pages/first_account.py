"""`/settings/accounts/new/`: from the sandbox to a real workspace, step by step on one address.

What is done is read from the account's row and what was seen; leaving and coming back loses nothing.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deployments.models import Account
from deployments.planning.power import Scope
from deployments.services import (
    account_views,
    accounts,
    first_steps,
    rotation,
    small_server,
    weights_requests,
)
from deployments.services.accounts import AccountChange, AccountWish
from deployments.services.errors import Refused, not_found
from deployments.services.first_steps import Step

from .access import PageRequest, needs
from .accounts import account_of, number

Done = tuple[Account, str]


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def first_account(request: PageRequest) -> HttpResponse:
    """The steps of one account (`?account=`), or the first of a new one; POST does one of them."""
    accounts.may(request.actor)
    account = _account(request)
    if request.method != "POST":
        return _page(request, account)
    step = request.POST.get("step", "")
    try:
        if account is None and step != Step.TOKEN:
            raise not_found("The account of this step")
        account, said = _DO[step](request, account)
    except Refused as error:
        errors = {"step": step, "words": error.message, **error.fields}
        return _page(request, account, errors=errors, status=error.status)
    except KeyError:
        return _page(request, account, status=422)
    if step == Step.START:
        small = small_server.ensure(account, actor=request.actor)
        return redirect("deployments:start", small.slug)
    messages.success(request, said)
    return redirect(f"{reverse('deployments:first-account')}?account={account.pk}")


def _account(request: PageRequest) -> Account | None:
    text = request.GET.get("account", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return account_of(request, int(text))


def _token(request: PageRequest, account: Account | None) -> Done:
    sent = {name: request.POST.get(name, "") for name in ("token_id", "token_secret")}
    if account is not None:
        return account, rotation.token(account.pk, **sent, actor=request.actor)
    wish = AccountWish(request.POST.get("name", ""), request.POST.get("environment", "main"), **sent)
    made = accounts.add(wish, actor=request.actor)
    return made, f"The token works: environment {made.environment} of the workspace {made.workspace}."


def _budget(request: PageRequest, account: Account) -> Done:
    if request.POST.get("read"):
        found = accounts.check(account.pk, actor=request.actor)
        known = found.read_budget_usd is not None
        return (
            found,
            "It is read." if known else "The provider names no budget: type it in, or set one there.",
        )
    usd = number(request.POST, "typed_budget_usd", "Give dollars, such as 300.")
    source = request.POST.get("typed_budget_source", "")
    wish = AccountChange(typed_budget_usd=usd, typed_budget_source=source)
    return accounts.change(account.pk, wish, actor=request.actor), "Noted."


def _keys(request: PageRequest, account: Account) -> Done:
    return account, rotation.make(account.pk, actor=request.actor)


def _huggingface(request: PageRequest, account: Account) -> Done:
    token = request.POST.get("huggingface_token", "")
    return account, rotation.huggingface_token(account.pk, token=token, actor=request.actor)


def _download(request: PageRequest, account: Account) -> Done:
    small = small_server.ensure(account, actor=request.actor)
    weights_requests.start_download(small, actor=request.actor)
    return account, "The weights are being downloaded on a machine without a GPU."


def _start(request: PageRequest, account: Account) -> Done:
    """Its deployment, made where it is missing; starting it is another button on another page."""
    small_server.ensure(account, actor=request.actor)
    return account, ""


_DO: dict[str, Callable[[PageRequest, Any], Done]] = {
    Step.TOKEN: _token,
    Step.BUDGET: _budget,
    Step.KEYS: _keys,
    Step.HUGGINGFACE: _huggingface,
    Step.DOWNLOAD: _download,
    Step.START: _start,
}


def _page(
    request: PageRequest,
    account: Account | None,
    *,
    errors: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """What was typed is shown again, but for secrets."""
    steps = first_steps.steps_of(account)
    sent = request.POST if errors else {}
    context = {
        "steps": steps,
        "stands": {step.name.lower(): stand.value for step, stand in steps.stands.items()},
        "count": len(Step),
        "view": account_views.view(account) if account is not None else None,
        "price": small_server.price(account, timezone.now()) if account is not None else None,
        "download": steps.small.downloads.first() if steps.small is not None else None,
        "begun": [] if account is not None else Account.objects.filter(is_sandbox=False),
        "errors": errors or {},
        "sent": {name: sent.get(name, "") for name in ("name", "token_id", "typed_budget_source")},
        "environment": sent.get("environment", "main"),
    }
    return render(request, "settings/account_new.html", context, status=status)
