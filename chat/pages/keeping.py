"""Naming, deleting, exporting and setting a conversation; its draft and files."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.services import attachments, conversations
from chat.services.errors import ChatRefused
from deployments.public import record_action

from . import places
from .access import PageRequest, chats
from .answers import done, refused, scripted
from .asking import conversation_for, facts
from .forms import ParametersForm
from .talk import composer, frame, gauge


@require_POST
@chats
def rename(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """Give it a title."""
    row = conversations.found(request.user, public_id)
    try:
        row = conversations.rename(request.user, public_id, request.POST.get("title", ""))
    except ChatRefused as error:
        return refused(request, error, places.conversation(row))
    return done(request, places.conversation(row), title=row.title)


@require_http_methods(["GET", "HEAD", "POST"])
@chats
def delete(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """POST deletes it for good. GET asks first."""
    row = conversations.found(request.user, public_id)
    if request.method != "POST":
        return render(request, "chat/delete.html", {"nav": "deployments", "conversation": row})
    conversations.delete(request.user, public_id)
    # Whose and with what; what it was called and said is its owner's alone.
    summary = f"{request.actor.name} deleted a conversation with {row.deployment_slug}."
    record_action(request.actor, "delete_conversation", summary=summary, target=row.deployment_slug)
    messages.success(request, f"“{row.title or 'New chat'}” is deleted.")
    return redirect(places.chat(row.deployment_slug))


@require_safe
@chats
def export(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """The branch that is shown, as Markdown."""
    row = conversations.found(request.user, public_id)
    text = conversations.export_markdown(row)
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(row.title)[:60] or "chat"}.md"'
    return response


@require_POST
@chats
def set_parameters(request: PageRequest, slug: str, public_id: str | None = None) -> HttpResponse:
    """How the next answers are wanted; a wrong field comes back with what would be right."""
    row = conversation_for(request, slug, public_id)
    form = ParametersForm(request.POST)
    try:
        if form.is_valid():
            conversations.set_parameters(request.user, row.public_id, **form.cleaned_data)
            return done(request, places.conversation(row), **facts(row))
    except ChatRefused as error:
        for name, text in error.fields.items():
            form.add_error(name if name in form.fields else None, text)
    if scripted(request):
        fields = {name: errors[0] for name, errors in form.errors.items()}
        return JsonResponse({"code": "invalid", "message": "", "fields": fields}, status=422)
    return render(request, "chat/conversation.html", frame(request, slug, row, form), status=422)


@require_POST
@chats
def save_draft(request: PageRequest, slug: str, public_id: str | None = None) -> HttpResponse:
    """Keep what stands in the composer; answers with what it takes of the context."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    row = conversation_for(request, slug, public_id)
    try:
        conversations.save_draft(request.user, row.public_id, text)
    except ChatRefused as error:
        return refused(request, error, places.conversation(row))
    if not scripted(request):
        return redirect(places.conversation(row))
    html = render(request, "chat/_gauge.html", {"gauge": gauge(row, text)}).content.decode()
    return JsonResponse(facts(row) | {"gauge": html})


@require_POST
@chats
def attach(request: PageRequest, slug: str, public_id: str | None = None) -> HttpResponse:
    """Put text files into the composer."""
    row = conversation_for(request, slug, public_id)
    try:
        for file in request.FILES.getlist("files"):
            attachments.attach(request.user, row.public_id, file.name or "", attachments.read_whole(file))
    except ChatRefused as error:
        return refused(request, error, places.conversation(row))
    return _with_files(request, slug, row.public_id)


@require_POST
@chats
def detach(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    """Take one out again."""
    row = conversations.found(request.user, public_id)
    try:
        attachments.detach(request.user, request.POST.get("file", ""))
    except ChatRefused as error:
        if error.code != "not_found":
            return refused(request, error, places.conversation(row))
    return _with_files(request, slug, public_id)


def _with_files(request: PageRequest, slug: str, public_id: str) -> HttpResponse:
    row = conversations.found(request.user, public_id)
    if not scripted(request):
        return redirect(places.conversation(row))
    context = composer(row) | {"slug": slug, "conversation": row}
    files = render(request, "chat/_files.html", context).content.decode()
    html = render(request, "chat/_gauge.html", context).content.decode()
    return JsonResponse(facts(row) | {"files": files, "gauge": html})
