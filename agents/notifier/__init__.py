"""The notifier: decisions become messages for people, which go out as webhooks.

Owns the words, and what each answer of an endpoint means. Stateless but for the group's offsets:
`agents.delivery` carries every message to every endpoint at least once, in the order of each
device, whatever is killed when.

`messages` is which decision needs which message (pure), `catalogues` the words, `endpoints` where
they go, `webhook` one request, `courier` tries and what follows, `dead_letters` where a message
goes that no endpoint took.
"""
