"""Asks the nodes without a time-out.

Step: 10
Why: A node that has stopped answering keeps its sockets open. Without a time-out the one who asks hangs as well.
"""


def _page(url, page):
    try:
        with urllib.request.urlopen(f"{url}/{page}") as reply:
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error))
