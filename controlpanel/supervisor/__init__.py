"""`manage.py up`: every process of the panel under one parent, which starts, restarts and stops them."""
