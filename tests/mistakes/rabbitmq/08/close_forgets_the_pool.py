"""Leaves its connections open.

Step: 2
Why: the broker keeps them until their heartbeats fail, and after many restarts it has more of them than it can hold.
"""


class Publisher(Publisher):
    def close(self):
        pass
