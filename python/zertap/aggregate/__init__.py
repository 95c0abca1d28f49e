"""Aggregation: rows of connections in, summaries of security sessions by interval out.

::

    interval   boundaries of intervals in time
    places     where a session stands: server and client, port, which end is ours
    effects    what one kind of row does to the sessions of its connection
    ledger     changes by interval and session; ledgers add up in any order
    table      summaries of one interval as the engine keeps them
    tally      rows to sums of sessions
    book       intervals in order: counters at both ends of each
    render     summaries of a table to records
    aggregate  the whole way for one engine

Nothing is kept per connection: each row carries what its connection did since its previous row, and what went
before. The engine adds rows up and Python tells it what they mean, once for each sort of rows and of facts.
"""

from zertap.aggregate.aggregate import Aggregation, Gatherer, Standing
from zertap.aggregate.book import Book, Set
from zertap.aggregate.interval import Interval, parse_interval
from zertap.aggregate.ledger import Change, Ledger
from zertap.aggregate.places import Places
from zertap.aggregate.render import render
from zertap.aggregate.table import Table

__all__ = [
    "Aggregation",
    "Book",
    "Change",
    "Gatherer",
    "Interval",
    "Ledger",
    "Places",
    "Set",
    "Standing",
    "Table",
    "parse_interval",
    "render",
]
