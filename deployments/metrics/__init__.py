"""Pure: how a server is measured, summed up by time, and judged. Knows no Django, network or clock."""
