"""Certificates for the tests of TLS: an authority, a server "localhost", a client, and an authority that signed nothing."""

import subprocess
from pathlib import Path


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _authority(folder, name):
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2,
             "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")


def _signed(folder, name, common_name, alternative_name):
    extension = folder / f"{name}.ext"
    extension.write_text(f"subjectAltName={alternative_name}\n", encoding="utf-8")
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={common_name}",
             "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
    _openssl("x509", "-req", "-days", 2, "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt",
             "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", extension, "-out", folder / f"{name}.crt")


def make_certificates(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _authority(folder, "ca")
    _authority(folder, "other-ca")
    _signed(folder, "server", "localhost", "DNS:localhost")
    _signed(folder, "client", "client", "DNS:client")
    return folder
