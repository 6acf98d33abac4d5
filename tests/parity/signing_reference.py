"""Makes tests/parity/data/signing.json: folders signed by the reference implementation, for src/signing/signing_test.cc.

    python -m venv V && V/bin/pip install -r third_party/python-signing.txt && V/bin/python tests/parity/signing_reference.py

Signatures differ from run to run (ECDSA draws a number each time); what they sign does not.
"""

import json
import pathlib
import subprocess
import tempfile

import model_signing
from model_signing import hashing, signing

FILES = {"model.onnx": "a graph\n", "MLmodel": "flavors:\n", "sub/notes.txt": "", "sub.txt": "beside sub/\n", "größe.json": "{}\n"}
CURVES = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def sign(folder, key, hash_config):
    signature = folder / "model.sig"
    hash_config.set_ignored_paths(paths=[signature], ignore_git_paths=True)
    signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(hash_config).sign(folder, signature)
    text = signature.read_text()
    signature.unlink()
    return text


def main():
    out = {"files": FILES, "cases": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "0123456789abcdef"
        write(folder)
        for curve, name in CURVES.items():
            key = pathlib.Path(scratch) / f"{curve}.pem"
            run("openssl", "ecparam", "-name", name, "-genkey", "-noout", "-out", str(key))
            public = run("openssl", "ec", "-in", str(key), "-pubout")
            shards = {"files": hashing.Config()}
            if curve == "P-256":
                shards["shards"] = hashing.Config().use_shard_serialization(shard_size=5)
            for method, config in shards.items():
                out["cases"].append({"curve": curve, "method": method, "public": public, "bundle": sign(folder, key, config)})
    path = pathlib.Path(__file__).parent / "data" / "signing.json"
    path.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
    print(f"{path}: {len(out['cases'])} cases by model_signing {model_signing.__version__}")


if __name__ == "__main__":
    main()
