"""The published truth table, ``docs/truth.md``: what happened, and what tshark, Suricata and zertap say of it.

``python -m truth`` (``make truth``) rebuilds the page. The tools' words are kept in ``docs/truth/*.jsonl``, so that the
page can be rebuilt, and is tested, where they are not installed.
"""
