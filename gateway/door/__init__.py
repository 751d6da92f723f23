"""The ASGI app for `/v1/`: it checks a key, finds the deployment, and moves bytes.

One request goes: paths -> incoming (key, body) -> routing -> upstream -> relay, and leaves a row behind
(exchange, bookkeeper). Nothing here waits for the database while bytes flow.
"""
