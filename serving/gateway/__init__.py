"""Stands in front of the container, lets in who has a key, and answers like AWS API Gateway.

Knows neither scores nor accounts: a body goes through as bytes.

Read in this order:
    server.py    the process: gunicorn, one app per worker
    configuration.py  what it is told, by settings.py and by files; all mistakes at once
    app.py       the app around its doors
    routes.py    the doors: who is it, read, forward, answer
    replies.py   what goes back; modes.py: how the container's errors do
    refusals.py  every answer of the gateway's own, as a table
    errors.py    whatever goes wrong, as one of those answers
    admission.py who may come in, how often, and what is noted of it: these three together
    callers.py   from a request's headers to who is calling
    grants.py    what a caller may do
    secret.py    what a key looks like
    keys.py      issue, rotate and revoke keys; key_records.py and keys_file.py keep them
    keyring.py   the keys while the gateway runs; watched.py reads files again that change
    tokens.py    who a token (JWT) is from, and whether it counts
    issuers.py   whose tokens count
    jwks.py      an issuer's public keys; jwks_fetch.py gets them, shared_slot.py shares them
    signatures.py  signatures of tokens, by PyJWT
    limits.py    how often a caller may ask; counting.py counts
    audit.py     what is noted of a decision; metrics.py counts
    upstream.py  what is asked of the model's side, as a port
    http_upstream.py  the container, asked over HTTP; connection.py: one connection to it
    sagemaker.py      an endpoint of SageMaker's, asked by boto3
    readiness.py, pace.py  whether the upstream is ready, and quick
"""
