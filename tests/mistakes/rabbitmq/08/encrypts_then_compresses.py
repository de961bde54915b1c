"""Encrypts first, and compresses afterwards.

Step: 3
Why: what is encrypted looks like noise, and noise cannot be compressed: the message gets no smaller.
"""


def seal(event, *, version, keys, compress_over=1024):
    plain = json.dumps(event, ensure_ascii=False).encode()
    body, compressed = Fernet(keys[0]).encrypt(plain), len(plain) > compress_over
    return gzip.compress(body) if compressed else body, BasicProperties(
        content_type="application/json",
        content_encoding="gzip" if compressed else "identity",
        headers={"schema-version": version},
        message_id=str(uuid.uuid4()),
        delivery_mode=2,
    )


def _opened(body, encoding, keys):
    try:
        plain = MultiFernet([Fernet(key) for key in keys]).decrypt(gzip.decompress(body) if encoding == "gzip" else body)
        event = json.loads(plain)
    except (InvalidToken, ValueError, OSError, EOFError, zlib.error) as error:
        raise CannotOpen("cannot open") from error
    if not isinstance(event, dict):
        raise CannotOpen("no object")
    return event
