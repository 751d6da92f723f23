"""Modal, reached by its own SDK (pinned: modal 1.6.4)."""

import os

# Read by the SDK, the first when it is imported: hence before anything below. A developer's ~/.modal.toml
# must decide nothing here, and a throttled call must give up before our own limit, or it would wait on.
os.environ["MODAL_CONFIG_PATH"] = os.devnull
os.environ["MODAL_MAX_THROTTLE_WAIT"] = "15"

from .provider import ModalProvider

__all__ = ["ModalProvider"]
