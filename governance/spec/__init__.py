"""The rules of Custodes as pure functions: no I/O, no clock, no randomness.

`law` holds every rule's sentence under its id. The other modules are the transitions: each takes the state, who acts,
what it wants and the time of the block, and returns an `Outcome` (the next state and the events that it emits) or a
`Refusal` (the rule that stands against it, and what would be needed). Refusals are values: a rule that says no is no
accident.
"""
