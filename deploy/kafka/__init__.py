"""A real Apache Kafka on this machine, and the administration of any Kafka.

Owns the broker's jars, configuration, process and data folder, and the one adapter to a cluster's
administration (`admin`). Must never listen anywhere but on the loopback address: the local broker
has no authentication. What protects it: every jar is compared with the committed lock at every
start, and a broker is only ever signalled after its process was recognised.
"""
