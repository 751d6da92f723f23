"""The configuration as a form: its controls as data, from settings to texts and back, what is shown beside."""
