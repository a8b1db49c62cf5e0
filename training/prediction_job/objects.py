"""The three objects a job joins, and which field of the model comes from which.

Numbers on the wire have no names, so a field from the wrong object would score, and wrongly. The
owners are therefore fixed, and so is the order.
"""

from __future__ import annotations

#: The object that says which accounts there are.
ACCOUNTS = "AccountMini"
PRODUCT = "product_metrics"
USAGE = "usage_metrics"
OBJECTS = (ACCOUNTS, PRODUCT, USAGE)

#: Field of the model → the object that owns it, in the order in which the model reads them.
OWNERS = {
    "acct_age": ACCOUNTS,
    "acct_size": ACCOUNTS,
    "activation_rate": PRODUCT,
    "bots": USAGE,
    "email2case": USAGE,
    "engagement_rate": PRODUCT,
    "lightning_utilization": USAGE,
    "ltnflows": USAGE,
    "macro": USAGE,
    "penetration_rate": PRODUCT,
    "quicktext": USAGE,
    "utilization_rate": PRODUCT,
    "web2case": USAGE,
    "workflowrules": USAGE,
    "workflows": USAGE,
}

#: Data 360 ends the names of custom fields with it.
CUSTOM = "__c"
