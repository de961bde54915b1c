"""Takes the description of a topic that does not exist for one without partitions.

Step: 4
Why: describe_topics raises nothing for an unknown topic. Its entry has an error_code that is not 0, and no partitions.
"""


def topic_layout(bootstrap_servers, name):
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap_servers)) as admin:
        topic = admin.describe_topics([name])[0]
    return {one["partition_index"]: one["leader_id"] for one in topic["partitions"]}
