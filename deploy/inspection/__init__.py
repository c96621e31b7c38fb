"""What topics say, put so that people and machines can read it.

Owns words, columns and JSON for records, states, histories and lag. Must never decide anything: it
repeats what the agents wrote. What protects the terminal: text from outside is made visible
(`visible_text`) before it is shown, so no record can move a cursor or hide a line.
"""
