"""Rules and alarms: what the city is warned of, by which rule, and who has seen it.

``rules`` declares, ``judging`` decides and touches nothing, the other modules read and write the
store. An alarm is raised by a rule, not by the state of a sensor: see ``docs/decisions``.
"""
