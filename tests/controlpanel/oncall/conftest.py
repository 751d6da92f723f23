from tests.deployments.pages.conftest import browser, states

__all__ = ["browser", "states"]
