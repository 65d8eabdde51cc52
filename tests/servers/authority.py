"""A throw-away certificate authority, and certificates of it in folders as Kubernetes mounts them."""

from pathlib import Path

import trustme


class Authority:
    """One that is believed by nobody who was not given it."""

    def __init__(self, name: str) -> None:
        """Make its own certificate."""
        self._ca = trustme.CA(organization_name=name)

    def secret(self, folder: Path, *names: str) -> Path:
        """Write tls.crt, tls.key and ca.crt for these names into a folder, which is given back."""
        folder.mkdir(parents=True, exist_ok=True)
        made = self._ca.issue_cert(*names)
        (folder / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        (folder / "tls.key").write_bytes(made.private_key_pem.bytes())
        (folder / "ca.crt").write_bytes(self._ca.cert_pem.bytes())
        return folder
