"""Takes every IntegrityError for a duplicate.

Step: 4
Why: the effect can raise it as well, for a row of its own: then the message has had no effect, and is acknowledged all
the same.
"""


class Inbox(Inbox):
    def once(self, message_id, effect):
        with contextlib.closing(sqlite3.connect(self._path, timeout=30)) as db:
            try:
                with db:
                    db.execute("INSERT INTO inbox VALUES (?)", (message_id,))
                    effect(db)
            except sqlite3.IntegrityError:
                return False
        return True
