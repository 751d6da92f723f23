"""Modal, reached by its own SDK (pinned: modal 1.6.4)."""

from .provider import ModalProvider

__all__ = ["ModalProvider"]
