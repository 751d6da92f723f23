"""Pages that a model wrote: beside the talk, in their sealed frame, and as a download."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from chat.markdown.allowed import cleaned
from chat.markdown.characters import plain
from chat.markdown.code import code_block
from chat.previews.found import HtmlPage, html_pages
from chat.previews.sealing import HEADERS, sealed

from . import places
from .access import PageRequest, chats, own_message


def chosen_page(pages: Sequence[HtmlPage], n: str) -> HtmlPage | None:
    """The page of that number, None where there is none."""
    number = int(n) if n.isascii() and n.isdigit() and len(n) < 6 else -1
    return next((page for page in pages if page.n == number), None)


def _page(request: PageRequest, public_id: str, n: int) -> HtmlPage:
    page = chosen_page(html_pages(own_message(request, public_id).text), str(n))
    if page is None:
        raise Http404("This reply has no such page.")
    return page


@require_safe
@chats
def preview(request: PageRequest, public_id: str, n: int) -> HttpResponse:
    """The page itself, for the frame alone: opened as a page of its own it could lead anywhere."""
    page = _page(request, public_id, n)
    if request.headers.get("Sec-Fetch-Dest", "iframe") not in ("iframe", "frame"):
        to = places.conversation(own_message(request, public_id).conversation)
        return redirect(f"{to}?preview={public_id}.{n}")
    return HttpResponse(sealed(page.source), headers=HEADERS)


@require_safe
@chats
def panel(request: PageRequest, public_id: str, n: int) -> HttpResponse:
    """The frame with its buttons, to stand beside the talk."""
    page, message = _page(request, public_id, n), own_message(request, public_id)
    if not request.htmx:
        return redirect(f"{places.conversation(message.conversation)}?preview={public_id}.{n}")
    return render(request, "chat/_preview.html", {"preview": {"message": message, "page": page}})


@require_safe
@chats
def source(request: PageRequest, public_id: str, n: int) -> HttpResponse:
    """Its source, coloured."""
    html = cleaned(code_block(plain(_page(request, public_id, n).source), "html"))
    return HttpResponse(mark_safe(html))  # noqa: S308  # escaped and cleaned just here


@require_safe
@chats
def download(request: PageRequest, public_id: str, n: int) -> HttpResponse:
    """Its source as a file; never shown as a page of the panel."""
    page = _page(request, public_id, n)
    response = HttpResponse(page.source, headers=HEADERS, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{page.file_name}"'
    return response
