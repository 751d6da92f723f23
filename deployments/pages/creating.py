"""`/deployments/new/`: a deployment from a preset, from another one, or from an empty form."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import Account, Deployment
from deployments.planning.power import Scope
from deployments.planning.presets import PRESETS_BY_SLUG
from deployments.planning.spec import Spec
from deployments.services import editing, releases
from deployments.services.editing import config_in, document_of
from deployments.services.errors import Refused
from deployments.services.status import visible

from .access import PageRequest, needs
from .config_form.context import form_context, moved
from .config_form.controls import CONTROLS
from .config_form.reading import posted, read
from .config_form.texts import Texts, texts_of
from .editing import blamed
from .new_origins import origins

_BLANK = {"name": "", "notes": "", "owner_id": None, "warm_up": True, "member_cap_usd": None}


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def new_deployment(request: PageRequest) -> HttpResponse:
    """GET without `from` asks where to begin; with it, and POST, it is the form."""
    if request.method == "POST":
        return _posted(request)
    begin = request.GET.get("from", "")
    if not begin:
        context = {"nav": "deployments", "origins": origins(request.actor)}
        return render(request, "deployments/form/origins.html", context)
    document, slug = _begun(request, begin)
    texts = texts_of(document | {"owner_id": request.actor.user_id})
    return _page(request, _unsaved(request, slug, _only_account()), texts)


@require_POST
@needs(Scope.ADMIN)
def preview_new(request: PageRequest) -> HttpResponse:
    """What stands beside the form of a deployment that is not there yet."""
    deployment, texts = _from_post(request)
    texts, touched = moved(request.POST, texts, deployment) or (texts, [])
    context = _form(deployment, texts, touched=touched) | {"oob": True}
    return render(request, "deployments/form/_preview.html", context)


def _posted(request: PageRequest) -> HttpResponse:
    deployment, texts = _from_post(request)
    pressed = moved(request.POST, texts, deployment)
    if pressed is not None:
        return _page(request, deployment, pressed[0], touched=pressed[1])
    if request.POST.get("step") != "save":
        return _page(request, deployment, texts)
    reading = read(texts)
    if reading.errors:
        return _page(request, deployment, texts, status=422)
    try:
        made = _make(request, deployment, reading.document)
    except Refused as error:
        refused, notice = blamed(error)
        own = {str(name): str(said) for name, said in error.fields.items() if name in ("slug", "account")}
        notice = "" if own else notice
        return _page(
            request, deployment, texts, refused=refused, own=own, notice=notice, status=error.status
        )  # fmt: skip
    messages.success(
        request, f"{made.name} is there, off. Nothing was deployed. Make a release, or start it."
    )
    return redirect("deployments:settings", made.slug)


def _make(request: PageRequest, wanted: Deployment, document: dict[str, Any]) -> Deployment:
    if not wanted.account_id:
        raise Refused("invalid", "Choose an account.", status=422, fields={"account": "Choose one."})
    with transaction.atomic():
        return _written(request, wanted, document)


def _written(request: PageRequest, wanted: Deployment, document: dict[str, Any]) -> Deployment:
    made = releases.create_deployment(
        actor=request.actor, slug=wanted.slug, name=document["name"] or wanted.slug, account=wanted.account,
        config=config_in(document), notes=document["notes"],
    )  # fmt: skip
    return editing.save(made, actor=request.actor, document=document | {"name": made.name})


def _from_post(request: PageRequest) -> tuple[Deployment, Texts]:
    """The one that is being filled in, and its texts. The app is called after the address where it has no
    name of its own."""
    pk = request.POST.get("account", "")
    account = (
        Account.objects.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None
    )
    deployment = _unsaved(request, request.POST.get("slug", "").strip(), account)
    texts = posted(request.POST)
    if not any(texts["app_name"]):
        texts["app_name"] = [deployment.slug]
    return deployment, texts


def _unsaved(request: PageRequest, slug: str, account: Account | None) -> Deployment:
    return Deployment(slug=slug[:48], account=account, owner_id=request.actor.user_id)


def _only_account() -> Account | None:
    """The account to begin with: the first that bills, else the sandbox."""
    return Account.objects.order_by("is_sandbox", "name").first()


def _begun(request: PageRequest, begin: str) -> tuple[dict[str, Any], str]:
    """The document to begin with, and a free address."""
    kind, _, name = begin.partition(":")
    if kind == "preset" and name in PRESETS_BY_SLUG:
        preset = PRESETS_BY_SLUG[name]
        slug = _free(name)
        return _BLANK | preset.spec.to_json() | {"name": preset.title, "app_name": slug}, slug
    if kind == "copy":
        other = visible(request.actor).filter(slug=name).first()
        if other is None:
            raise Http404(f"There is no deployment “{name}”, or it is not open to you.")
        slug = _free(f"{name[:40]}-copy")
        return document_of(other) | {"name": f"{other.name}, copy"[:80], "app_name": slug}, slug
    if begin != "empty":
        raise Http404("There is no such place to begin.")
    return _BLANK | Spec.defaults(), ""


def _free(slug: str) -> str:
    taken = set(Deployment.objects.filter(slug__startswith=slug[:40]).values_list("slug", flat=True))
    names = [slug, *(f"{slug[:44]}-{number}" for number in range(2, 100))]
    return next((name for name in names if name not in taken), slug)


def _page(
    request: PageRequest, deployment: Deployment, texts: Texts, *, status: int = 200, notice: str = "",
    own: dict[str, str] | None = None, **more: Any,
) -> HttpResponse:  # fmt: skip
    context = _form(deployment, texts, **more) | {
        "notice": notice, "own": own or {}, "strict": status == 422,
        "accounts": Account.objects.order_by("is_sandbox", "name"),
    }  # fmt: skip
    return render(request, "deployments/form/new.html", context, status=status)


def _form(deployment: Deployment, texts: Texts, **more: Any) -> dict[str, Any]:
    """The form's context; the address is needed first, and the app has its name from there."""
    context = form_context(deployment, texts, **more)
    if not deployment.slug:
        needed = [one for one in context["needed"] if one[0] != CONTROLS["app_name"].key]
        context["needed"] = [("slug", "Address"), *needed]
    return context | {
        "nav": "deployments",
        "is_new": True,
        "deployment": deployment,
        "preview_url": reverse("deployments:preview-new"),
    }
