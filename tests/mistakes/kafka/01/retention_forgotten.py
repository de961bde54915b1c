"""Creates the topic without its setting.

Step: 1
Why: without retention.ms the topic has the broker's default, seven days. Orders then go earlier or later than the shop asked for, and nobody is told.
"""


_with_settings = create_topic


def create_topic(bootstrap_servers, name, partitions=1, replication_factor=1, retention_ms=None):
    return _with_settings(bootstrap_servers, name, partitions, replication_factor)
