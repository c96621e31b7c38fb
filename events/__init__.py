"""What happened and what was decided: the vocabulary of biolatch.

Owns every fact, verdict, decision and reason as frozen types. Must never do I/O, read a clock or
know how an event travels (that is `schemas`). Whatever imports anything here can rely on it being
the one definition of the word.
"""
