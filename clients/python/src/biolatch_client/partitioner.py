"""Which partition a device lives in: the one rule of every publisher of a cluster.

Kafka's Java clients decide so by default. A publisher with another rule would split a device over
two partitions, and its order would be lost (design section 6.6).
"""

# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false
# aiokafka has no type information.

from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

_POSITIVE: Final = 0x7FFF_FFFF


@lru_cache(maxsize=65_536)  # devices come back, and the hash is pure Python
def partition_of(key: bytes, partition_count: int) -> int:
    """The partition of a key in a topic with that many partitions."""
    hashed: int = murmur2(key)
    return (hashed & _POSITIVE) % partition_count
