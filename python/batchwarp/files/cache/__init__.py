"""Caches of images: each file is decoded once, or read once, and later epochs find it.

`layout` is the format of a store, `system` what differs between operating systems, `store` one that
is open, `opening` how it is found, made and renewed, `samples` the files at hand, `stored` which of
them a store has, `memory` and `disk` the caches of decoded images, `encoded` that of files as they
are, `budget` what they may take, `listing` what the command line shows and removes.
"""

from batchwarp.files.cache.base import Held
from batchwarp.files.cache.budget import Budget
from batchwarp.files.cache.disk import DiskCache
from batchwarp.files.cache.encoded import EncodedCache
from batchwarp.files.cache.memory import MemoryCache

__all__ = ["Budget", "DiskCache", "EncodedCache", "Held", "MemoryCache"]
