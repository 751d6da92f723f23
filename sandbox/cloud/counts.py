"""How many requests came to the URLs, how many were refused there, and how many reached which container."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Counts:
    """Counters since the start or the last reset. Only requests forwarded to a container have reached it."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.reset()

    def reset(self) -> None:
        """Begin again at zero."""
        self.at_url = 0
        self.refused = 0
        self._functions: Counter[str] = Counter()
        self._containers: Counter[str] = Counter()
        self._paths: Counter[str] = Counter()

    def reached(self, *, app: str, function: str, container_id: str, path: str) -> None:
        """A request goes to the container now."""
        self._functions[f"{app}/{function}"] += 1
        self._containers[container_id] += 1
        self._paths[path] += 1

    def as_dict(self) -> dict[str, Any]:
        """`total` counts what reached containers; `at_url` all that came; `refused` 401, 404 and 429."""
        return {
            "total": sum(self._containers.values()),
            "at_url": self.at_url,
            "refused": self.refused,
            "functions": dict(self._functions),
            "containers": dict(self._containers),
            "paths": dict(self._paths),
        }
