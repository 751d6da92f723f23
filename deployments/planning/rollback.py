"""Whether the panel goes back to an earlier release by itself, and to which. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .decide import Break

# Ends of a start that can lie in what the release changed. That the provider had no machine, refused a wake
# or lost a server that had been ready lies elsewhere.
OF_THE_RELEASE = frozenset({Break.DEPLOY_FAILED, Break.BOOT_DIED, Break.BOOT_TIMEOUT, Break.BOOT_REPEATED})


@dataclass(frozen=True, slots=True)
class Tried:
    """A release, whether a run of it was ever ready, and whether it was itself a way back."""

    number: int
    config: Mapping[str, Any]
    was_ready: bool
    is_rollback: bool


def back_to(reason: str, *, failed: int | None, current: int | None, releases: Sequence[Tried]) -> int | None:
    """The number of the release to go back to; None where nothing is to be done.

    Only from the current release, for somebody who made another one meanwhile has decided already; only if it
    was never ready, for then it is not the release that fails; never from a rollback, so that there is no
    loop. Back to the newest earlier one that has been ready and differs, at the provider under the same name.
    """
    known = {release.number: release for release in releases}
    tried = known.get(failed) if failed is not None and failed == current else None
    if reason not in OF_THE_RELEASE or tried is None or tried.was_ready or tried.is_rollback:
        return None
    fit = [
        release.number
        for release in releases
        if release.number < tried.number
        and release.was_ready
        and release.config != tried.config
        and release.config.get("app_name") == tried.config.get("app_name")
    ]
    return max(fit, default=None)
