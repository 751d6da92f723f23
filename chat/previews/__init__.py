"""Pages that a model wrote, shown in a frame that can do nothing but show them.

Three walls: the frame's sandbox (no origin, so no cookie, no storage, no way to the page around it), the
content policy of the answer (no network of any kind), and the panel's own `frame-src` (the frame cannot go
elsewhere).
"""
