"""Cursors of lists: the id of the last row shown, in `?before=`."""

from django.http import HttpRequest


def cursor(request: HttpRequest) -> int | None:
    """The id before which to go on; None for the first page and for anything that is no id."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
