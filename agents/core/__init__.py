"""The rules of biolatch: pure functions from a device's row and a fact to what follows.

Owns every rule of design section 4. Must never do I/O, read a clock, draw randomness or log: the
same log under the same policy gives the same bytes on every machine. `step` is all that callers
need; `decide` and `evolve` are its two halves.
"""
