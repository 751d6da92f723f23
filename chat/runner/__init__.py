"""`manage.py runner`: asks the gateway on behalf of people, and writes down what it answers."""
