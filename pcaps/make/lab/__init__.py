"""The laboratory in which zertap's own captures are made: two network namespaces and real programs.

Nothing here observes protocols for zertap, and nothing here is needed to read the captures. It needs
root (network namespaces, tcpdump) and the programs named in ``pcaps/README.md``.
"""
