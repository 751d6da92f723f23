"""The addresses of the playground, under the root."""

from django.urls import path

from .pages import asking, following, keeping, previewing, sending, stream, talk

app_name = "chat"

_CHAT = "deployments/<slug:slug>/chat"
_ONE = f"{_CHAT}/<str:public_id>"
_MESSAGE = "chat/messages/<str:public_id>"
_PREVIEW = "chat/previews/<str:public_id>/<int:n>"

urlpatterns = [
    path(f"{_CHAT}/", talk.index, name="index"),
    path(f"{_CHAT}/send/", sending.send_fragment, name="send"),
    path(f"{_CHAT}/ask/", asking.ask, name="ask-new"),
    path(f"{_CHAT}/draft/", keeping.save_draft, name="draft-new"),
    path(f"{_CHAT}/attach/", keeping.attach, name="attach-new"),
    path(f"{_CHAT}/parameters/", keeping.set_parameters, name="parameters-new"),
    path(f"{_ONE}/", talk.conversation, name="conversation"),
    path(f"{_ONE}/ask/", asking.ask, name="ask"),
    path(f"{_ONE}/draft/", keeping.save_draft, name="draft"),
    path(f"{_ONE}/attach/", keeping.attach, name="attach"),
    path(f"{_ONE}/detach/", keeping.detach, name="detach"),
    path(f"{_ONE}/parameters/", keeping.set_parameters, name="parameters"),
    path(f"{_ONE}/rename/", keeping.rename, name="rename"),
    path(f"{_ONE}/delete/", keeping.delete, name="delete"),
    path(f"{_ONE}/export/", keeping.export, name="export"),
    path(f"{_ONE}/order/", following.order, name="order"),
    path(f"{_ONE}/turns/", following.some_turns, name="turns"),
    path(f"{_ONE}/around/", following.beside, name="around"),
    path(f"{_MESSAGE}/edit/", following.editing, name="editing"),
    path(f"{_MESSAGE}/edit/send/", asking.edit, name="edit"),
    path(f"{_MESSAGE}/regenerate/", asking.regenerate, name="regenerate"),
    path(f"{_MESSAGE}/continue/", asking.carry_on, name="continue"),
    path(f"{_MESSAGE}/stop/", asking.stop, name="stop"),
    path(f"{_MESSAGE}/show/", asking.show_version, name="show"),
    path(f"{_MESSAGE}/foot/", following.foot, name="foot"),
    path(f"{_MESSAGE}/waiting/", following.waiting, name="waiting"),
    path("chat/replies/<str:public_id>/stream", stream.stream, name="stream"),
    path(f"{_PREVIEW}/", previewing.preview, name="preview"),
    path(f"{_PREVIEW}/panel/", previewing.panel, name="panel"),
    path(f"{_PREVIEW}/source/", previewing.source, name="source"),
    path(f"{_PREVIEW}/download/", previewing.download, name="download"),
]
