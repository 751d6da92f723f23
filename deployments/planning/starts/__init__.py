"""PURE: past starts as numbers, and what they say of a start that is under way, of one that was, and of two
releases. Seconds are wall seconds of the account; dollars are those that were counted."""
