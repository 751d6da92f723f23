"""Light or dark, kept with the person."""

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

_THEMES = ("system", "light", "dark")


@require_POST
@login_required
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice and go back; anything unknown means the system's."""
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in _THEMES else "system"
    get_user_model().objects.filter(username=request.user.get_username()).update(theme=chosen)
    to = request.POST.get("next", "/")
    own = url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(to if own else "/")
