"""What the container and the gateway share: settings, bodies, errors as JSON, request ids, logs.

Knows HTTP and nothing of scores: neither the scorer nor the gateway's keys.
"""
