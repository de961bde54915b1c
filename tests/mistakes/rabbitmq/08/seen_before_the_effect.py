"""Commits the marker before the effect.

Step: 4
Why: if the effect fails, the message counts as done, and the payment is never booked.
"""


class Inbox(Inbox):
    def once(self, message_id, effect):
        with self._connected() as db:
            if not db.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (message_id,)).rowcount:
                return False
            db.execute("BEGIN IMMEDIATE")
            try:
                effect(db)
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
        return True
