"""What a container works on: an input waits in its function's queue, is run, and has one outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sandbox.cloud.life import Life


class Input(Protocol):
    """A web request or a spawned call."""

    id: str
    function_id: str
    attempts: int

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for it any more, so that it need not run."""

    @property
    def done(self) -> bool:
        """Whether it has its outcome."""

    async def run(self, life: Life) -> None:
        """Run on that container. Cancelled where the container ends; then it may run again elsewhere."""

    def fail(self, reason: str) -> None:
        """Give it an outcome without running it: `gone`, `timeout` or `lost`."""
