"""For the one on call: what lives, what lags, what failed, and the numbers of it for Prometheus."""
