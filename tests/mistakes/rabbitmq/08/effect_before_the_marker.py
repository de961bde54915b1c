"""Commits the effect before the marker.

Step: 4
Why: an effect that fails half-way stays half done, and after a crash between the two commits it is done again.
"""


class Inbox(Inbox):
    def once(self, message_id, effect):
        with self._connected() as db:
            if db.execute("SELECT 1 FROM inbox WHERE message_id = ?", (message_id,)).fetchone():
                return False
            effect(db)
            db.execute("INSERT INTO inbox VALUES (?)", (message_id,))
        return True
