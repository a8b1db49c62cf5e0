"""The scoring container: `/ping`, `/invocations`, `/explain` and what operators ask, on gunicorn.

Read in this order:
    server.py           the process: settings, gunicorn, one model per worker
    model_source.py     where the model comes from, and what to say while there is none
    served_model.py     a scorer, and what is worked out once for all requests
    app.py              invocations and explanations, and Flask for everything else (routes.py)
    invocations.py      one request: may it come in, and who answers
    prediction.py       bytes to bytes: decode, check, score, encode
    explanations.py     the same for `POST /explain`: decode, check, explain, encode
    wire/               bytes ⇄ accounts and scores; the only place that knows the wire's words
    ranges.py           columns in another order show as values outside the training range
    scoring_metrics.py  ranks, inputs and rows, for Prometheus
    openapi.py          the same surface as a document
"""
