"""Replies as safe HTML. Pure: no database, no network, no clock.

A reply is hostile until shown otherwise: raw HTML is text, images are links, links go to http, https and mail
alone, and whatever the renderer makes passes an allow-list once more.
"""

from .rendering import VERSION, render

__all__ = ["VERSION", "render"]
