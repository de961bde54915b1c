"""Gives away one slot too few.

Step: 2
Why: the last slot, 16383, is nobody's; by default a cluster with a hole answers nothing at all (CLUSTERDOWN).
"""


def _join(clients: Sequence[redis.Redis], nodes: Sequence[str], deadline: float) -> None:
    half = len(clients) // 2
    share = 16384 // half
    for number, master in enumerate(clients[:half]):
        master.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, (number + 1) * share - 1)
    for url in nodes[1:]:
        place = urlsplit(url)
        clients[0].execute_command("CLUSTER", "MEET", place.hostname, place.port)
    for master, replica in zip(clients[:half], clients[half:], strict=True):
        master_id = _text(master.execute_command("CLUSTER", "MYID"))
        _wait(partial(_replicates, replica, master_id), deadline, "a replica does not know its master")
    for replica in clients[half:]:
        _wait(partial(_is_linked, replica), deadline, "a replica's link is not up")
