"""Looks at the number of those in sync only.

Step: 5
Why: Some versions of Kafka keep the last replica in the list when it is dead. Without a leader nothing is written.
"""


class PartitionHealth(PartitionHealth):
    @property
    def writable(self):
        return len(self.in_sync) >= self.min_in_sync
