"""The outer door. Open live pages are answered here, in the event loop; everything else goes to Flask in threads.

A thread never waits for a person: the whole body of a request is read first, and answers leave through the loop.
"""

from forum.asgi import bodies, door
from forum.asgi.door import Door, create

__all__ = ["Door", "bodies", "create", "door"]
