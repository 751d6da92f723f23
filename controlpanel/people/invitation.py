"""The page behind an invitation's link: an invited person chooses name, user name and password."""

from django.conf import settings
from django.contrib.auth import login
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ..models import Invitation
from .forms import ComeInForm
from .inviting import come_in
from .link import BACKEND


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, so that a link preview uses nothing up; POST makes the person. 410 once it is over."""
    now = timezone.now()
    found = Invitation.objects.of_token(token).open(now=now).select_related("invited_by").first()
    if found is None:
        return render(request, "people/come_in.html", {"invitation": None}, status=410)
    form = ComeInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _come_in(request, found, form)
    for field in form.fields.values():
        field.widget.attrs["class"] = "input"
    context = {"invitation": found, "form": form}
    return render(request, "people/come_in.html", context, status=422 if form.errors else 200)


def _come_in(request: HttpRequest, found: Invitation, form: ComeInForm) -> HttpResponse:
    person = form.save(commit=False)
    try:
        inside = come_in(found, person, address=request.META.get("REMOTE_ADDR"), now=timezone.now())
    except IntegrityError:  # the name was taken while this was typed: the form says so when it is sent again
        return redirect(request.path)
    if not inside:
        return render(request, "people/come_in.html", {"invitation": None}, status=410)
    login(request, person, backend=BACKEND)
    return redirect(settings.LOGIN_REDIRECT_URL)
