"""Looks at the number of those in sync only.

Step: 5
Why: The last one in sync stays in the list even when it is dead. Without a leader nothing is written.
"""


class PartitionHealth(PartitionHealth):
    @property
    def writable(self):
        return len(self.in_sync) >= self.min_in_sync
