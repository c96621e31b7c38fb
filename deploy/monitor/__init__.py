"""`biolatch monitor`: looks at groups and topics from outside, and shows how far everybody is.

Owns what can be said without being a worker: it joins no group, commits nothing and writes nothing.
"""
