"""The exactly-once batch lane: one partition's way from input to outputs, whatever is killed when.

Owns how a batch of records becomes one transaction, and how a partition is opened, fenced, parked
and closed. Must never know what a record means (that is the `BatchHandler`'s). Whatever uses it
can rely on this: each input record is decided once for a reader of committed data, in order.

`port` is the domain's side, `log` the broker's. `protocol` is the state machine between the two
and `lanes` the set of them in one worker. `kafka` and `faust_host` are the real log and the real
host, `memory` a log in memory for contract tests and simulation.
"""
