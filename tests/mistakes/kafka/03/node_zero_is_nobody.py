"""Takes node 0 for no node.

Step: 5
Why: Ids of nodes begin at 0, and 0 is false.
"""


class PartitionHealth(PartitionHealth):
    @property
    def offline(self):
        return not self.leader
