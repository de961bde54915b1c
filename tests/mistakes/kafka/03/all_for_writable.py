"""Calls a partition writable when all replicas are in sync.

Step: 5
Why: min_in_sync says how few are enough: that is what the third copy is for.
"""


class PartitionHealth(PartitionHealth):
    @property
    def writable(self):
        return not self.offline and self.in_sync == self.replicas
