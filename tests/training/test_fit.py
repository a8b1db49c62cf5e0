import logging

import numpy as np
import pytest
from fit_builders import AGE, NAN, REGION, SIZE, draw_power, make_plan, make_synthetic

from serving.scoring.peer_axes import locate
from serving.scoring.peer_tables import PeerTables, read_npz
from serving.scoring.scorecard import Input, PeerMetric
from training.assemble import assemble
from training.axes import fit_axes
from training.fit import DEFAULT_ESTIMATOR, FitPlan, fit_metric, fit_tables
from training.golden_rows import RANDOM_ROWS, golden_accounts
from training.peer_models import ESTIMATORS
from training.split import Split, split_accounts
from training.synthetic import METRICS
