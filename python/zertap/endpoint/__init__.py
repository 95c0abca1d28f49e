"""A host's own connections: whose socket is it, and which addresses are ours.

A tap on a host of its own can ask the kernel what a tap on a wire cannot know. ``tables`` reads the kernel's tables,
``owners`` answers for connections, beside the tap and never in its way.
"""

from zertap.endpoint.owners import Endpoint, Owner
from zertap.endpoint.tables import local_networks

__all__ = ["Endpoint", "Owner", "local_networks"]
