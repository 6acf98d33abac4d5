"""An authority of the tests' own and certificates that it signs, for servers on 127.0.0.1."""

import subprocess


class Authority:
    """Its certificate is `bundle`, which nobody trusts unless told."""

    def __init__(self, folder):
        self.folder = folder
        self.bundle = folder / "authority.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=quern tests", "-keyout", "authority.key", "-out", self.bundle,
                      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")

    def sign(self, name, address="IP:127.0.0.1"):
        """The files of a certificate and of its key."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={address}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", self.bundle, "-CAkey", "authority.key",
                      "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
