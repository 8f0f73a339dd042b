"""Filters of APVs: one language, as SQL and as a predicate.

A filter is the text of a query: `severity=CRITICAL,HIGH&repository=github/acme/app`. Parameters are
joined by "and", the values of one parameter by "or". An empty text matches every APV.
"""

from reviews.filters.facts import Facts, facts_of
from reviews.filters.filter import Filter, InvalidFilter, parse, read_leniently
from reviews.filters.parameters import PARAMETERS
from reviews.filters.person import NoPerson, Person

__all__ = [
    "PARAMETERS",
    "Facts",
    "Filter",
    "InvalidFilter",
    "NoPerson",
    "Person",
    "facts_of",
    "parse",
    "read_leniently",
]
