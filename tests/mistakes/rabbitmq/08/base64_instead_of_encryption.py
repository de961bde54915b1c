"""Encodes instead of encrypting.

Step: 3
Why: base64 keeps nothing secret: anybody can turn it back, without any key.
"""


import base64


def seal(event, *, version, keys, compress_over=1024):
    plain = json.dumps(event, ensure_ascii=False).encode()
    compressed = len(plain) > compress_over
    body = base64.urlsafe_b64encode(gzip.compress(plain) if compressed else plain)
    return body, BasicProperties(
        content_type="application/json",
        content_encoding="gzip" if compressed else "identity",
        headers={"schema-version": version},
        message_id=str(uuid.uuid4()),
        delivery_mode=2,
    )


def _opened(body, encoding, keys):
    plain = base64.urlsafe_b64decode(body)
    return json.loads(gzip.decompress(plain) if encoding == "gzip" else plain)
