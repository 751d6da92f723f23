"""Where one server-sent event ends."""

# An event longer than this is let through in pieces.
_MOST_HELD_BYTES = 256 * 1024


class EventEdge:
    """Lets whole events through and holds the beginning of the next one back.

    So a stream that breaks off has ended with a whole event, and an error event can follow it. Costs one
    comparison per chunk where chunks end with events, as vLLM's do.
    """

    def __init__(self) -> None:
        self._held = b""

    def take(self, chunk: bytes) -> bytes:
        """The whole events that are there now; empty where none has ended."""
        data = self._held + chunk if self._held else chunk
        cut = len(data) if data.endswith(b"\n\n") else _edge(data)
        if len(data) - cut > _MOST_HELD_BYTES:
            cut = len(data)
        self._held = data[cut:]
        return data[:cut] if self._held else data

    def rest(self) -> bytes:
        """What is held, for the end of a stream that ended by itself."""
        held, self._held = self._held, b""
        return held


def _edge(data: bytes) -> int:
    """Behind the last blank line, in either spelling; 0 where there is none."""
    plain, windows = data.rfind(b"\n\n"), data.rfind(b"\r\n\r\n")
    return max(plain + 2 if plain >= 0 else 0, windows + 4 if windows >= 0 else 0)
