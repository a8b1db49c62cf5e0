"""`train`: one training run under SageMaker's contract for training containers.

`program` is the whole run. `places` says where everything is, `job` reads what SageMaker says of
the job, `hyperparameters` what may be set, `channels` which file is of which table, `objectives`
prints figures that a tuning job reads, `checkpoints` keeps fits (`stored_fit` their bytes),
`results` writes what is kept, `model_place` sees to it that nothing else is lost, `stopping` hears
SIGTERM, `failure` says what went wrong.
"""
