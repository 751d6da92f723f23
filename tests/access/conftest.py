"""No provider is there: asking one fails at once, instead of after the eight seconds that it is given."""

from typing import Any

import pytest

from deployments.providers.modal_cloud import sdk


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(credentials: Any) -> Any:
        raise ConnectionError("Nobody answers.")

    monkeypatch.setattr(sdk, "client_of", unreachable)
