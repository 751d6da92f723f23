"""Browsers of people with roles, and deployments in every state."""

from tests.deployments.pages.conftest import browser, states

__all__ = ["browser", "states"]
