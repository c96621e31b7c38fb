"""Measures pauses: what it costs a partition when its worker is killed, ends, joins or starts anew.

Owns the rows, the workers that are hurt and the probe that feels it. Workers are those that are
shipped, each in a process of its own, on a real Apache Kafka; a pause is what a backend would see:
how long its event waited for a verdict that a `read_committed` reader has.
"""
