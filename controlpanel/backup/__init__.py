"""Backups: one file that a dead panel comes back from, frozen."""
