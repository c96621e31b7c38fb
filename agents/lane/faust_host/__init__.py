"""Faust as the host of the lanes: membership of the group, the agent, the worker's life.

Owns the one place where Faust is subclassed. Per record Faust is slow, and it loses events (it
acks what raised, and commits past gaps), so nothing of a record's fate is left to it: it never
commits, never seeks, never acks. It joins the group and carries one message per partition and
fetch to the agent, which hands it to the partition's lane. A batch that gets lost on the way is
missed by the lane, and fetched again.

Why each hook is overridden stands at it; a test pins every one to the Faust it was written for.
"""
