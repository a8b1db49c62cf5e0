"""End with 0 if this container's /ping answers 200, else with 1.

Arguments: the variables that may hold its port, then the port if none does.
"""

import http.client
import os
import sys


def main(names: list[str], default: str) -> int:
    """Ask once; 2 seconds are enough for an answer that needs no model."""
    port = next(filter(None, map(os.environ.get, names)), default)
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.request("GET", "/ping")
        return int(connection.getresponse().status != 200)
    except (OSError, http.client.HTTPException) as error:
        print(f"port {port}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:-1], sys.argv[-1]))
