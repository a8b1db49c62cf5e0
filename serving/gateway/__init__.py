"""Stands in front of the container, lets in who has a key, and answers like AWS API Gateway.

Knows neither scores nor accounts: a body goes through as bytes.

Read in this order:
    server.py    the process: settings, gunicorn, one app per worker
    app.py       the app around a list of callers and an upstream
    routes.py    who is it, read, forward, answer
    refusals.py  every answer of the gateway's own, as a table
    errors.py    whatever goes wrong, as one of those answers
    callers.py   from a request's header to a key id
    secret.py    what a key looks like
    keys.py      the keys file: issue, list, revoke
    keyring.py   the keys file, watched and searched while the gateway runs
    upstream.py  what is asked of the container, and how it is asked over HTTP
"""
