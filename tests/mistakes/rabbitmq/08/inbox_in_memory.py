"""Remembers in the process what it has seen.

Step: 4
Why: after a restart, and in the process beside it, every duplicate is new again.
"""


import threading


class Inbox(Inbox):
    def __init__(self, path):
        super().__init__(path)
        self._seen, self._lock = set(), threading.Lock()

    def once(self, message_id, effect):
        with self._lock, self._connected() as db:
            if message_id in self._seen:
                return False
            db.execute("BEGIN")
            try:
                effect(db)
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
            self._seen.add(message_id)
        return True
