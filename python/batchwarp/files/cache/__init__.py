"""Caches of decoded images: each file is decoded once, later epochs read an array.

`layout` is the format of a cache file, `system` what differs between operating systems, `file` one
open cache file, `samples` which of its records hold for the images at hand, `opening` how a file is
found, made, enlarged and locked, `memory` and `disk` the caches themselves, `listing` what the
command line shows and removes.
"""

from batchwarp.files.cache.disk import DiskCache
from batchwarp.files.cache.memory import MemoryCache

__all__ = ["DiskCache", "MemoryCache"]
