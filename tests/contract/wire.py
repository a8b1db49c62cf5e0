"""The wire as Einstein Studio's form has it: 15 names in order, 18 keys. Typed here by hand."""

INPUTS = [
    "acct_age",
    "acct_size",
    "activation_rate",
    "bots",
    "email2case",
    "engagement_rate",
    "lightning_utilization",
    "ltnflows",
    "macro",
    "penetration_rate",
    "quicktext",
    "utilization_rate",
    "web2case",
    "workflowrules",
    "workflows",
]

KEYS = {
    "consumption_engagement_rate_metric_score",
    "consumption_activation_rate_metric_score",
    "consumption_penetration_rate_metric_score",
    "consumption_utilization_rate_metric_score",
    "auto_bots_metric_score",
    "auto_email2case_metric_score",
    "auto_ltnflows_metric_score",
    "auto_macro_metric_score",
    "auto_quicktext_metric_score",
    "auto_web2case_metric_score",
    "auto_workflowrules_metric_score",
    "auto_workflows_metric_score",
    "lightning_lightning_utilization_metric_score",
    "global_score",
    "auto_component_score",
    "consumption_component_score",
    "lightning_component_score",
    "last_modified",
}

#: Three accounts that score differently.
ROWS = [
    [36, 200, 0.9, 3, 0, 0.4, 0.5, 2, 0, 0.7, 1, 0.8, 0, 5, 2],
    [2, 12, 0.1, 0, 1, 0.2, 0.0, 0, 0, 0.1, 0, 0.3, 0, 1, 0],
    [120, 3000, 2.5, 9, 30, 0.9, 4.0, 8, 12, 3.1, 14, 1.0, 7, 12, 40],
]


def einstein(rows) -> dict:
    """The request format `Json`."""
    return {"instances": [{"features": row} for row in rows]}
