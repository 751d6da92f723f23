"""Money, exact: intervals times prices. No Django, no network, no clock."""
