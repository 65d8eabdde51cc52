"""Videos with Content Credentials, signed by an authority that is made for a test and thrown away."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Signer:
    """A certificate with its authority's, its key, and that of the authority alone; all PEM."""

    chain: bytes
    key: bytes
    authority: str


def signer(name: str = "Camera 7", organisation: str = "Throw-away News", lasts: dt.timedelta = 30 * _DAY) -> Signer:
    """A signer whose certificate ends so long from now, on a full second."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Authority", "Throw-away Authority")
    ca = (
        x509.CertificateBuilder(ca_name, ca_name, root.public_key(), 1, now - 9 * _DAY, now + 99 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    certificate = (
        x509.CertificateBuilder(ca_name, _name(name, organisation), own.public_key(), 2, now - 3 * _DAY, now + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = [one.public_bytes(serialization.Encoding.PEM) for one in (certificate, ca)]
    return Signer(b"".join(pem), key, pem[1].decode())


def sign(
    source: Path,
    target: Path,
    by: Signer,
    *,
    tool: str = "Dream Machine",
    origin: str = CAPTURED,
    part: Path | None = None,
    address: str = "",
    embed: bool = False,
) -> Path:
    """Sign a copy of a video.

    Args:
        source: The video; what credentials it has go into the new ones as those of what it was made from.
        target: Where the copy goes.
        by: Who signs.
        tool: What says that it has made the file.
        origin: IPTC's digital source type.
        part: Another video that it says was put into this one.
        address: Where the credentials are to be had; only with `embed` are they in the file too.
        embed: See `address`.
    """
    made: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": origin, "softwareAgent": {"name": "Agent 9"}}
    manifest = {
        "claim_generator_info": [{"name": tool, "version": "2.1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}],
    }
    signing = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", by.chain, by.key, None))
    with c2pa.Builder(manifest) as builder, signing:
        if part is not None:
            with part.open("rb") as file:
                builder.add_ingredient({"title": "a part", "relationship": "componentOf"}, "video/mp4", file)
        if address:
            builder.set_remote_url(address)
            if not embed:
                builder.set_no_embed()
        builder.sign_file(source, target, signing)
    return target


def _name(name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )
