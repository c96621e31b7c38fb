"""Delivery to the outside: at least once, in the order of each key, with a position that is safe.

Owns how the records of one topic become deliveries to destinations outside of Kafka, and when a
record counts as done. Must never know what a record means or how it travels (that is the
`Courier`'s). Whatever uses it can rely on this: every record is delivered to every destination that
the courier names, at least once, or the courier has put it aside; the deliveries of one key to one
destination happen one after the other, in the order of the log; and the group's committed offset
never passes a record that is not done, so whatever is killed when, nothing is lost and a repeat is
the same delivery again.

`port` is what a courier implements. `prefix` is which records are done, `lane` one partition, and
`lanes` the set of them in one worker, which `agents.lane.faust_host` feeds as it feeds the lanes
that decide. `backoff` and `breaker` are for couriers: pauses between tries, and when to leave a
destination alone.
"""
