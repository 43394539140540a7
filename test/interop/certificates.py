"""Certificates made on the spot with the openssl program."""

import functools
import os
import subprocess


def run(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """An authority with its files in a directory. Keys are on the curve P-256; PKCS12 files have the password."""

    password = "secret"

    def __init__(self, directory, name="authority"):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.name = name
        self.key = self.path(f"{name}.key")
        self.certificate = self.path(f"{name}.pem")
        run("req", "-x509", *self.new_key(self.key), "-out", self.certificate, "-subj", f"/CN={name}", "-days", "2")

    @functools.cached_property
    def trust_p12(self):
        """A trust store that Java reads as well; only Java's own tool can write one."""
        store = self.path(f"{self.name}.p12")
        subprocess.run(
            ["keytool", "-importcert", "-noprompt", "-alias", self.name, "-file", self.certificate, "-keystore", store,
             "-storetype", "PKCS12", "-storepass", self.password],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return store

    def path(self, name):
        return os.path.join(self.directory, name)

    @staticmethod
    def new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]

    def issue(self, name, subject=None, alternative_names="IP:127.0.0.1,DNS:localhost", file=None):
        """Key and certificate in one file, PEM; beside it the same as PKCS12 (NAME.p12). Returns the path without its
        suffix."""
        key, request, certificate = self.path(f"{name}.key"), self.path(f"{name}.csr"), self.path(f"{name}.crt")
        extensions = self.path(f"{name}.cnf")
        with open(extensions, "w", encoding="utf-8") as out:
            out.write(f"subjectAltName={alternative_names}\n" if alternative_names else "")
        run("req", *self.new_key(key), "-out", request, "-subj", subject or f"/CN={name}", "-utf8")
        run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-out",
            certificate, "-days", "2", "-extfile", extensions)
        stem = self.path(file or name)
        with open(stem + ".pem.new", "w", encoding="utf-8") as out:
            for part in (key, certificate):
                with open(part, encoding="utf-8") as content:
                    out.write(content.read())
        os.replace(stem + ".pem.new", stem + ".pem")
        run("pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", stem + ".p12", "-passout",
            f"pass:{self.password}")
        return stem
