"""What to look at in a report, and artifacts that say other things of themselves."""

import json

from serving.scoring.artifact import read_files, write_artifact
from serving.scoring.manifest import to_json

NAMES = [
    "same wire",
    "calibration",
    "not worse",
    "stable metrics",
    "stable components",
    "stable global score",
    "no score comes or goes",
]
METRICS = {"workflowrules", "activation_rate", "bots"}


def verdicts(report):
    return {verdict.name: verdict for verdict in report.verdicts}


def failed(report):
    return {verdict.name for verdict in report.failed}


def texts(report):
    return {verdict.name: verdict.text for verdict in report.verdicts}


def with_manifest(source, target, change):
    """The same artifact, with something else said of its training."""
    manifest = json.loads((source / "manifest.json").read_text())
    change(manifest["training"])
    files = read_files(source)
    write_artifact(target, files, to_json(manifest))
    return target
