"""`/settings/accounts/{id}/rotate/{secret}/`: another secret, with what that means said before."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from deployments.models import Account
from deployments.planning.power import Actor, Scope
from deployments.services import account_views, rotation
from deployments.services.errors import Refused
from deployments.services.rotation import Rotated

from .access import PageRequest, needs
from .accounts import account_of


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def rotate(request: PageRequest, account_id: int, secret: str) -> HttpResponse:
    """GET says what it means, POST does it. What was typed is never given back."""
    account = account_of(request, account_id)
    try:
        what = Rotated(secret.replace("-", "_"))
    except ValueError:
        raise Http404("There is no such secret.") from None
    if request.method != "POST":
        return _page(request, account, what)
    try:
        said = act(account, what, request.POST, request.actor)
    except Refused as error:
        fields = error.fields if what in (Rotated.TOKEN, Rotated.HUGGINGFACE_TOKEN) else {}
        return _page(request, account, what, errors=fields or {"all": error.message}, status=error.status)
    messages.success(request, said)
    return redirect("deployments:account", account_id)


def act(account: Account, what: Rotated, sent: QueryDict, actor: Actor) -> str:
    """Change the secret as a form asks for it; gives the sentence that says what was done. Raises Refused."""
    if what is Rotated.TOKEN:
        pair = {name: sent.get(name, "") for name in ("token_id", "token_secret")}
        return rotation.token(account.pk, **pair, actor=actor)
    if what is Rotated.PROXY_TOKEN:
        return rotation.proxy_token(account.pk, actor=actor, at_once="at_once" in sent)
    if what is Rotated.ENGINE_KEY:
        return rotation.engine_key(account.pk, actor=actor)
    token = "" if sent.get("remove") else sent.get("huggingface_token", "")
    if not token.strip() and not sent.get("remove"):
        words = "Give the token; it begins with hf_."
        raise Refused("invalid", words, status=422, fields={"huggingface_token": words})
    return rotation.huggingface_token(account.pk, token=token, actor=actor)


def _page(
    request: PageRequest,
    account: Account,
    what: Rotated,
    *,
    errors: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    view = account_views.view(account)
    context = {
        "view": view,
        "what": what.value,
        "secret": next(one for one in view.secrets if one.kind is what),
        "errors": errors or {},
        "token_id": request.POST.get("token_id", ""),
    }
    return render(request, "settings/rotate.html", context, status=status)
