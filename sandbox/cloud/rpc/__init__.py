"""Modal's gRPC calls, one module for each kind of thing they are about."""
