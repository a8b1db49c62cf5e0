"""Churn risk: a classifier learned from contracts that ended, for metrics of kind `learned_risk`.

`read_outcomes` reads what became of them, `fit_risks` fits, calibrates and evaluates, `gate` says
whether the models may be served. Serving evaluates them without XGBoost:
`serving.scoring.risk_trees`.
"""

from training.risk.fit import RiskFits, fit_risks, models_asked
from training.risk.outcomes import Outcomes, read_outcomes

__all__ = ["Outcomes", "RiskFits", "fit_risks", "models_asked", "read_outcomes"]
