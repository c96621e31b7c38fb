"""Records in and out of topics, for people at a command line: reading committed ones, publishing.

Owns the clients that commands open (`reader` and `publisher` are the only files here that know
aiokafka) and how partitions become one sequence. Must never commit a group's offset, and never
show a record of an unfinished transaction: every read is `read_committed`.
"""
