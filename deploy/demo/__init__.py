"""`biolatch demo`: every promise of the help page, kept live on a real Apache Kafka.

Owns a story with people and phones, the processes that it plays on, and what is shown of it. Must
never fake anything: the publisher is a program that shares no line of code with biolatch, answers
are what a `read_committed` reader finds on the topics, and time is the broker's. What protects it:
every step says what has to come out, and one difference makes the demo fail.
"""
