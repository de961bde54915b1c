"""TLS certificates for a server of a test's own: made anew for each, worth nothing elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = "certs"
"""Where they lie in the server's folder."""


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files. `ca` signed `server` and `client`; `foreign_ca`, which nobody trusts, signed `foreign_client`."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def server(self) -> Path:
        """For the names localhost and 127.0.0.1."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    @property
    def client(self) -> Path:
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.key"

    @property
    def foreign_ca(self) -> Path:
        return self.folder / "foreign-ca.pem"

    @property
    def foreign_client(self) -> Path:
        return self.folder / "foreign-client.pem"

    @property
    def foreign_client_key(self) -> Path:
        return self.folder / "foreign-client.key"


def issue() -> dict[str, str]:
    """New certificates and keys: path in the server's folder -> PEM, to be written before the server starts."""
    import trustme  # takes 0.2 s, and few tests need it

    ours, foreign = trustme.CA(), trustme.CA()
    pems = {"ca.pem": ours.cert_pem.bytes(), "foreign-ca.pem": foreign.cert_pem.bytes()}
    for name, pair in {
        "server": ours.issue_cert("localhost", "127.0.0.1"),
        "client": ours.issue_cert("client@localhost", common_name="client"),
        "foreign-client": foreign.issue_cert("client@localhost", common_name="client"),
    }.items():
        pems[f"{name}.pem"] = b"".join(one.bytes() for one in pair.cert_chain_pems)
        pems[f"{name}.key"] = pair.private_key_pem.bytes()
    return {f"{FOLDER}/{name}": pem.decode("ascii") for name, pem in pems.items()}
