"""The cache of data sets: columns on disk, written once and read memory-mapped; and what lies there."""

from fairprog_core.data.cache.entry import Array, CacheEntry, Columns, TableLayout

__all__ = ["Array", "CacheEntry", "Columns", "TableLayout"]
