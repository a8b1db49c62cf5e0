"""`train`: SageMaker's word for a training container. Exit codes: 0 done, 1 failed, 143 stopped."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from training.sagemaker_job.stopping import EXIT_CODE, Stopped, Stopping

_log = logging.getLogger(__name__)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train a scorecard as a SageMaker training job, from /opt/ml/input to /opt/ml/model.

    SAGEMAKER_BASE_DIR names another folder than /opt/ml.

    \b
    Example:
      SAGEMAKER_BASE_DIR=build/ml train
    """
    # First: until a program listens, SIGTERM does nothing to a container's first process.
    stopping = Stopping()
    try:
        stopping.listen()
        _set_up_process()
        code = run(os.environ, stopping)
    except Stopped:
        _log.warning("stopped by SIGTERM: there is no model; checkpoints are kept")
        code = EXIT_CODE
    sys.exit(code)


def _set_up_process() -> None:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", force=True)
    logging.getLogger("training").setLevel(logging.INFO)
    # A job writes to its own places only: no bytecode beside the program, and the list of fonts
    # that matplotlib makes to where scratch files go.
    sys.dont_write_bytecode = True
    fonts = Path(tempfile.gettempdir()) / "scorecard-matplotlib"
    os.environ.setdefault("MPLCONFIGDIR", str(fonts))


def run(environ: Mapping[str, str], stopping: Stopping) -> int:
    """Run the job that an environment describes; gives its exit code.

    Raises
    ------
    Stopped
        If SIGTERM came.
    """
    from training.sagemaker_job.failure import reason_of, write_failure
    from training.sagemaker_job.places import find_places

    places = find_places(environ)
    try:
        places.failure.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            _job(environ, stopping, Path(scratch))
    except Exception as error:  # noqa: BLE001 (whatever it is, SageMaker is to show it)
        # A library on the way may have made another error of it.
        if stopping.heard:
            raise Stopped from None
        write_failure(places.failure, reason_of(error))
        return 1
    return 0


def _job(environ: Mapping[str, str], stopping: Stopping, scratch: Path) -> None:
    from training.definition import default_scorecard
    from training.sagemaker_job import channels, results
    from training.sagemaker_job.checkpoints import Checkpoints
    from training.sagemaker_job.hyperparameters import read_hyperparameters
    from training.sagemaker_job.job import read_job
    from training.sagemaker_job.model_place import check_model_place
    from training.sagemaker_job.objectives import Reporter
    from training.sagemaker_job.places import find_places
    from training.train import train

    places = find_places(environ)
    job = read_job(places, environ)
    if not job.trains_here:
        _log.info("%s trains; nothing is to do on %s", job.hosts[0], job.host)
        return
    asked = read_hyperparameters(job.hyperparameters)
    found = channels.find_channels(places, job)
    check_model_place(places.model)
    reporter = Reporter(sys.stdout)
    keeping = asked.checkpoints and places.checkpoints.is_dir()
    with results.refusals_listed(places.output):
        done = train(
            channels.account_files(found, asked.tables),
            channels.definition_file(found) or default_scorecard(),
            scratch / "artifact",
            estimator=asked.estimator_options,
            seed=asked.seed,
            jobs=asked.jobs or _cpus(),
            max_refused_share=asked.max_refused_share,
            scoring_date=asked.scoring_date,
            memory=Checkpoints(places.checkpoints) if keeping else None,
            done=reporter.fitted,
        )
    with stopping.held_back():
        results.write_output(scratch / "artifact", places.output, done.accounts)
        results.write_model(scratch / "artifact", places.model)
        reporter.evaluated(done.evaluation)
        _log.info("%d accounts, version %s", len(done.accounts), done.scorer.artifact.version)


def _cpus() -> int:
    """Count the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
