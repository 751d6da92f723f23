"""The configuration as a form: controls as data, settings as texts and back, what stands beside."""
