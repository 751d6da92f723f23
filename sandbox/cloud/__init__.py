"""The stand-in of Modal's control plane and data plane, on loopback only."""
