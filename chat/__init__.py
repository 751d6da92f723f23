"""The playground: conversations, their generation, previews. A client of the gateway by its public API."""
