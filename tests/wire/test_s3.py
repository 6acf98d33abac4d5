"""The artifact store in a bucket, against a server that Amazon's own client understands."""

import os
import pathlib
import subprocess
import sys
import time

import boto3
import pytest
from where import build_folder

BUCKET = "quern-bucket"
KEYS = {"AWS_ACCESS_KEY_ID": "quern", "AWS_SECRET_ACCESS_KEY": "quern-secret", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture
def endpoint(free_port):
    program = pathlib.Path(sys.executable).parent / "moto_server"
    process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(free_port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{free_port}"
    process.kill()
    process.wait()


@pytest.fixture
def bucket(endpoint):
    client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], region_name=KEYS["AWS_DEFAULT_REGION"])
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket=BUCKET,
                                 CreateBucketConfiguration={"LocationConstraint": KEYS["AWS_DEFAULT_REGION"]})
            return client
        except Exception:
            assert time.monotonic() < deadline, "the object store did not start"
            time.sleep(0.1)


def test_a_bucket_is_an_artifact_store(endpoint, bucket):
    bucket.put_object(Bucket=BUCKET, Key="shared/kept/by boto ü.txt", Body=b"from boto")
    program = build_folder() / "bin" / "quern_store_test"
    done = subprocess.run([program, "--no-skip", "--test-case=artifacts in a real server's bucket"],
                          env=dict(os.environ, MLFLOW_S3_ENDPOINT_URL=endpoint, **KEYS), capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 1 passed" in done.stdout
    assert bucket.get_object(Bucket=BUCKET, Key="shared/kept/by quern.txt")["Body"].read() == b"from quern"
    assert bucket.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []
