"""`biolatch topics repartition`: more partitions, and every device's row where its events will be.

Owns the move of what is kept by device (`layout`, pure) and the order in which it is done safely
(`moving`). Topics only grow, so that ids of verdicts and decisions stay what they are; one
transaction moves everything, so before it nothing has changed and after it all has. See ADR 0015.
"""
