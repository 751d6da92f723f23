"""Deployments over REST: routers and schemas; `router` is what the REST root mounts and authenticates."""
