"""Publishing lines of JSON as events: reading, checking, sending, and the account of it all.

Owns what becomes of every line of a stream of any length. Must never hold more of the stream than
the lines on their way, and never send a device's event before an earlier one of it is acknowledged.
What protects it: a line is counted as published only when Kafka has acknowledged it.
"""
