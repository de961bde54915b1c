"""Looks first, and writes afterwards.

Step: 4
Why: between the look and the write another process has looked as well: both find nothing, and both book the payment.
"""


class Inbox(Inbox):
    def __init__(self, path):
        self._path = path
        with self._connected() as db:
            db.execute("CREATE TABLE IF NOT EXISTS inbox (message_id TEXT)")

    def once(self, message_id, effect):
        with self._connected() as db:
            if db.execute("SELECT 1 FROM inbox WHERE message_id = ?", (message_id,)).fetchone():
                return False
            db.execute("BEGIN IMMEDIATE")
            try:
                effect(db)
                db.execute("INSERT INTO inbox VALUES (?)", (message_id,))
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
        return True
