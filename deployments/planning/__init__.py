"""Decisions and arithmetic that need no Django, no network and no clock of their own."""
