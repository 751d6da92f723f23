"""Filters of the gateway's templates."""
