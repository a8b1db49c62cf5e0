"""How schemathesis sends what is not JSON."""

import json

import schemathesis


@schemathesis.serializer("text/csv", "application/jsonlines")
def as_text(_context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode()
