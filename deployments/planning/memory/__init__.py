"""Whether a model fits its GPUs, before a dollar is spent: weights, cache and reserve of one rank."""
