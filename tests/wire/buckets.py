"""A server that speaks S3, on a free port, with HTTP or HTTPS; and Amazon's own client of it."""

import pathlib
import subprocess
import sys
import time

import boto3

from ports import free_port

KEYS = {"AWS_ACCESS_KEY_ID": "quern", "AWS_SECRET_ACCESS_KEY": "quern-secret", "AWS_DEFAULT_REGION": "eu-west-1"}


class ObjectStore:
    def __init__(self, certificate=None, bundle=None):
        port = free_port()
        program = pathlib.Path(sys.executable).parent / "moto_server"
        tls = ["-c", certificate[0], "-k", certificate[1]] if certificate else []
        self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port), *tls],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        self.environment = {**KEYS, "MLFLOW_S3_ENDPOINT_URL": self.url}
        if bundle:
            self.environment["AWS_CA_BUNDLE"] = str(bundle)
        self.client = boto3.client("s3", endpoint_url=self.url, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                                   aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
                                   region_name=KEYS["AWS_DEFAULT_REGION"], verify=str(bundle) if bundle else None)

    def make(self, bucket):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.client.create_bucket(
                    Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": KEYS["AWS_DEFAULT_REGION"]})
            except Exception:
                assert time.monotonic() < deadline, "the object store did not start"
                time.sleep(0.1)

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def close(self):
        self.process.kill()
        self.process.wait()
