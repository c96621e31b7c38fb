"""The log on Apache Kafka: the one package that knows aiokafka.

Owns every client that a worker opens. Must never decide anything about a partition: failures are
raised, and the lane protocol says what follows.
"""
