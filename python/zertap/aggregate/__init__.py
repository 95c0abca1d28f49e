"""Aggregation: rows of connections in, summaries of security sessions by interval out.

::

    interval   boundaries of intervals in time
    places     where a session stands: server and client, port, which end is ours
    effects    what one kind of row does to the sessions of its connection
    ledger     changes by interval and session; ledgers add up in any order
    tally      rows to the changes of one interval
    book       intervals in order: counters at both ends of each
    aggregate  the whole way for one engine

Nothing is kept per connection: each row carries what its connection did since its previous row, and what went
before. Rows that are alike are only counted, so the cost of a row is that of counting it.
"""

from zertap.aggregate.aggregate import Aggregation, Gatherer
from zertap.aggregate.book import Book, Set
from zertap.aggregate.interval import Interval, parse_interval
from zertap.aggregate.ledger import Change, Ledger
from zertap.aggregate.places import Places

__all__ = ["Aggregation", "Book", "Change", "Gatherer", "Interval", "Ledger", "Places", "Set", "parse_interval"]
