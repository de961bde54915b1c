"""Lets redis-py's own TimeoutError out.

Step: 2
Why: it has the same name as Python's, but is another class: who catches TimeoutError does not get it.
"""


def create_cluster(nodes: Sequence[str], timeout: float = 30.0) -> None:
    if len(nodes) < 6 or len(nodes) % 2:
        raise ValueError("an even number of nodes is needed, 6 or more")
    with ExitStack() as stack:
        clients = [stack.enter_context(_client(url, min(timeout, 5.0))) for url in nodes]
        _join(clients, nodes, time.monotonic() + timeout)
