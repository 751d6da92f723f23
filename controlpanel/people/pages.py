"""`/people/`: who there is, who is invited, and what an admin can change about it."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deployments.pages.access import PageRequest, needs
from deployments.public import Refused, Role, Scope, record_action

from ..models import Invitation, User
from ..roles import role_of
from . import changing, inviting
from .forms import InviteForm, RoleForm
from .link import new_link
from .words import ROLES


@require_safe
@needs(Scope.ADMIN)
def people(request: PageRequest) -> HttpResponse:
    """Everybody by user name, and the invitations that still work. A constant number of queries."""
    now = timezone.now()
    unexpired = Q(api_keys__expires_at=None) | Q(api_keys__expires_at__gt=now)
    keys = Count("api_keys", filter=unexpired & Q(api_keys__revoked_at=None, api_keys__internal=False))
    rows = User.objects.annotate(keys=keys).prefetch_related("groups").order_by("-is_active", "username")
    context = {
        "nav": "people",
        "people": [{"person": row, "role": _role(row), "keys": row.keys} for row in rows],
        "invitations": Invitation.objects.open(now=now).select_related("invited_by"),
    }
    return render(request, "people/people.html", context)


def _role(person: User) -> Role | None:
    """As roles.role_of says, from groups that are loaded already, and for somebody inactive too."""
    if person.is_superuser:
        return Role.ADMIN
    names = {group.name for group in person.groups.all()}
    return next((role for role in reversed(Role) if role.value in names), None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def invite(request: PageRequest) -> HttpResponse:
    """GET is the form; POST makes the link and shows it, in this one answer and nowhere else."""
    form = InviteForm(request.POST or None)
    context: dict[str, Any] = {"nav": "people", "form": form, "roles": ROLES, "can_mail": inviting.can_mail()}
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "people/invite.html", context, status=status)
    wish = form.cleaned_data | {"role": Role(form.cleaned_data["role"])}
    invitation, link = inviting.invite(actor=request.actor, **wish)
    mailed = inviting.mail(invitation, link) if invitation.email and context["can_mail"] else None
    return render(
        request,
        "people/invited.html",
        {"nav": "people", "invitation": invitation, "link": link, "mailed": mailed},
    )


@require_POST
@needs(Scope.ADMIN)
def take_back(request: PageRequest, invitation_id: int) -> HttpResponse:
    """End an invitation."""
    inviting.take_back(invitation_id, actor=request.actor)
    messages.success(request, "The invitation is taken back: its link does nothing any more.")
    return redirect("people")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Scope.ADMIN)
def person(request: PageRequest, person_id: int) -> HttpResponse:
    """One person; POST gives the role."""
    found = get_object_or_404(User, pk=person_id)
    form = RoleForm(request.POST or {"role": _role(found) or ""})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            return _acted(
                request, found, "The role is changed.",
                lambda: changing.change_role(found, Role(form.cleaned_data["role"]), actor=request.actor),
            )  # fmt: skip
    return render(request, "people/person.html", _about(found) | {"form": form}, status=status)


def _about(found: User) -> dict[str, Any]:
    keys = found.api_keys.of_people().valid(now=timezone.now()).count() if found.is_active else 0
    return {"nav": "people", "person": found, "role": _role(found), "roles": ROLES, "keys": keys}


@require_POST
@needs(Scope.ADMIN)
def deactivate(request: PageRequest, person_id: int) -> HttpResponse:
    """Let somebody in no more."""
    found = get_object_or_404(User, pk=person_id)
    said = f"{found.display_name} is signed out everywhere; the keys end within 5 s."
    return _acted(request, found, said, lambda: changing.deactivate(found, actor=request.actor))


@require_POST
@needs(Scope.ADMIN)
def reactivate(request: PageRequest, person_id: int) -> HttpResponse:
    """Let somebody in again."""
    found = get_object_or_404(User, pk=person_id)
    said = f"{found.display_name} can sign in again."
    return _acted(request, found, said, lambda: changing.reactivate(found, actor=request.actor))


def _acted(request: PageRequest, found: User, said: str, act: Any) -> HttpResponse:
    try:
        act()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, said)
    return redirect("person", found.pk)


@never_cache
@require_POST
@needs(Scope.ADMIN)
def sign_in_link(request: PageRequest, person_id: int) -> HttpResponse:
    """A one-time link for somebody who forgot the password, shown in this one answer."""
    found = get_object_or_404(User, pk=person_id, is_active=True)
    link = new_link(found)
    summary = f"{request.actor.name} made a sign-in link for {found.display_name}."
    record_action(request.actor, "make_sign_in_link", summary=summary, target=found.username)
    context = _about(found) | {"form": RoleForm({"role": role_of(found) or ""}), "link": link}
    return render(request, "people/person.html", context)
