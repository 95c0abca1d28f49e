"""Record services: zERT records to whoever subscribes, over a stream socket, in the spirit of SYSTCPER and SYSTCPES.

::

    messages   what travels: header, requests, init, token and termination records, as layouts
    entries    runs of records as buffers of entries, and back
    place      the socket's path: taking it, permissions, giving it back
    subscriber one who listens: what waits for him, what he lost
    server     the thread that serves them
    outlet     what a tap holds in its hand: an output that never makes it wait
    talk       the client's side of the conversation, without a socket
    client     subscribing, also from asyncio
    page       docs/services.md
"""

from zertap.service.client import Subscription, subscribe
from zertap.service.messages import Kind
from zertap.service.outlet import Service, Terms

__all__ = ["Kind", "Service", "Subscription", "Terms", "subscribe"]
