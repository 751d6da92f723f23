"""The OpenAI-compatible door: keys, routing, forwarding, usage."""
