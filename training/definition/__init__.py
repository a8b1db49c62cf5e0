"""The scorecard file people write: read, checked with all mistakes at once, resolved.

`model` says what a definition may hold; `components`, `kinds`, `estimators` and `parts` what its
parts may; `yaml_lines` reads YAML and remembers lines; `mistakes` words what is wrong; `reading`
puts them together; `editors` makes the schema that editors complete from.
"""

from training.definition.editors import definition_schema
from training.definition.estimators import EstimatorOptions
from training.definition.model import Definition
from training.definition.reading import default_scorecard, parse_definition, read_definition

__all__ = [
    "Definition",
    "EstimatorOptions",
    "default_scorecard",
    "definition_schema",
    "parse_definition",
    "read_definition",
]
