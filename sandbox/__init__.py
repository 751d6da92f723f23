"""A Modal that costs nothing, for trying out and for tests: real SDK in front, child processes behind."""
