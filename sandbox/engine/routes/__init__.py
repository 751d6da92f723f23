"""The HTTP routes of the stand-in, one module per protocol."""
