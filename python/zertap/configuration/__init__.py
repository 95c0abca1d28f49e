"""Configuration: what an operator may say, in the spirit of the TCP/IP profile, and what is in effect.

::

    values     kinds of values: reading and showing them
    keys       the list of keys, from which everything else follows
    read       a file: values with their lines, and complaints
    effective  every key's value in effect and where it comes from
    builds     what other rooms make of it: a tap's settings, those of records, intervals
    report     the values in effect, for people, programs and as a file
    page       docs/configuration.md
"""

from zertap.configuration.effective import Configuration, defaults, load, parse
from zertap.configuration.keys import KEYS, Key

__all__ = ["KEYS", "Configuration", "Key", "defaults", "load", "parse"]
