"""Measures biolatch: how fast one worker is, how late its answers are, and what others reach.

Owns the load, the measuring and the report. Every figure comes from a real Apache Kafka and from
the worker as it is shipped, in a process of its own; nothing is measured that was not verified:
each input must have exactly one verdict for a `read_committed` reader, or there is no report.
"""
