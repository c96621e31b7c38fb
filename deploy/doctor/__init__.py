"""`biolatch doctor`: looks at everything that an installation rests on, and says what to do.

Owns the checks: of this machine (`here`), of the cluster (`cluster`), and of the work that goes on
there (`work`). Must never change anything. Each finding names its fix, a command if there is one.
"""
