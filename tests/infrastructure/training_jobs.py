"""What SageMaker does with a training job, here: our program `train`, on what the channels name."""

import json
import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.infrastructure.hosting import Hosting
from tests.processes import BIN


def run_jobs(hosting: Hosting, folder: Path, environ: Mapping[str, str]) -> None:
    """Run every job that has no model yet, and leave its model where the job says."""
    sagemaker, s3 = hosting.client("sagemaker"), hosting.client("s3")
    for found in sagemaker.list_training_jobs()["TrainingJobSummaries"]:
        job = sagemaker.describe_training_job(TrainingJobName=found["TrainingJobName"])
        model = urlsplit(job["ModelArtifacts"]["S3ModelArtifacts"])
        place = {"Bucket": model.netloc, "Key": model.path[1:]}
        if "Contents" in s3.list_objects_v2(Bucket=model.netloc, Prefix=place["Key"]):
            continue
        s3.put_object(**place, Body=_train(job, folder / job["TrainingJobName"], s3, environ))


def _train(job: dict[str, Any], folder: Path, s3: Any, environ: Mapping[str, str]) -> bytes:
    for channel in job["InputDataConfig"]:
        where = urlsplit(channel["DataSource"]["S3DataSource"]["S3Uri"])
        inside = folder / "input" / "data" / channel["ChannelName"]
        inside.mkdir(parents=True)
        for one in s3.list_objects_v2(Bucket=where.netloc, Prefix=where.path[1:])["Contents"]:
            stored = s3.get_object(Bucket=where.netloc, Key=one["Key"])["Body"].read()
            (inside / Path(one["Key"]).name).write_bytes(stored)
    (folder / "input" / "config").mkdir(parents=True)
    told = folder / "input" / "config" / "hyperparameters.json"
    told.write_text(json.dumps(job["HyperParameters"]))
    given = {key: value for key, value in environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [BIN / "train"],
        env={**given, "SAGEMAKER_BASE_DIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted((folder / "model").iterdir()):
            archive.add(path, path.name)
    return packed.getvalue()
