"""What reaches the readers of a reply while it is written: one Valkey stream for each reply.

`follow` is for readers; `publish` for the generator.
"""

from .events import Event
from .following import follow

__all__ = ["Event", "follow"]
