"""Puts readings without a key into any partition.

Step: 3
Why: Those of the hot regions are full enough.
"""


class RegionPartitioner(RegionPartitioner):
    def partition(self, topic, key, serialized_key, value, serialized_value, cluster):
        everything = sorted(cluster.partitions_for_topic(topic) or ())
        others = everything[len(self._hot) :]
        if not others:
            raise ValueError(topic)
        if serialized_key is None:
            return random.choice(everything)
        region = bytes(serialized_key).partition(b"/")[0]
        if region in self._hot:
            return everything[self._hot[region]]
        return others[partition_for(serialized_key, len(others))]
