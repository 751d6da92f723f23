"""The gateway's pages: keys, and how to connect a client."""
