"""The REST root under `/api/v1/`: who calls, how errors look, repeats, documentation."""
