"""The scoring container: `GET /ping`, `POST /invocations`, `GET /schema` on gunicorn.

Read in this order:
    server.py        the process: settings, gunicorn, one model per worker
    app.py           the app: routes around a model
    wire/            bytes ⇄ accounts and scores; the only place that knows the wire's words
    model_source.py  where the model comes from, and what to say while there is none
"""
