"""The scorecard file people write: read, checked with all mistakes at once, resolved.

`model` says what a definition may hold, `parts` and `estimators` what its parts may; `yaml_lines`
reads YAML and remembers lines; `mistakes` words what is wrong.
"""

from training.definition.estimators import EstimatorOptions
from training.definition.model import (
    Definition,
    default_scorecard,
    definition_schema,
    parse_definition,
    read_definition,
)

__all__ = [
    "Definition",
    "EstimatorOptions",
    "default_scorecard",
    "definition_schema",
    "parse_definition",
    "read_definition",
]
