# Goal: a device goes where every other publisher of the cluster puts it.
import pytest

from deploy.records.partitioner import partition_of

# The vectors of Apache Kafka's own test of its murmur2 (UtilsTest.testMurmur2).
OF_KAFKA = {
    b"21": -973_932_308,
    b"foobar": -790_332_482,
    b"a-little-bit-long-string": -985_981_536,
    b"a-little-bit-longer-string": -1_486_304_829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58_897_971,
    b"abc": 479_470_107,
}


@pytest.mark.parametrize("partition_count", [1, 4, 7, 12, 1000, 2**31 - 1])
@pytest.mark.parametrize("key", OF_KAFKA)
def test_a_key_is_where_java_clients_put_it(key: bytes, partition_count: int) -> None:
    # As BuiltInPartitioner does: the hash without its sign, modulo the number of partitions.
    assert partition_of(key, partition_count) == (OF_KAFKA[key] & 0x7FFF_FFFF) % partition_count
