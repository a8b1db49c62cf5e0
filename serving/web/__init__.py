"""What the container and the gateway share: an HTTP server strangers may talk to.

Knows HTTP and nothing of scores: neither the scorer nor the gateway's keys.

Read in this order:
    server.py    gunicorn as we run it; settings.py: one table that parses, documents and is tested
    worker.py    its worker: whole small requests at once, slow ones parked, hung ones answered
                 (loop, arrivals, plain_requests, gathered, turns, watchdog)
    slots.py     what is taken on at once; body.py: a body whole, within a limit, or refused
    problems.py  errors as JSON; requests.py: an id, a clock and one log line (logs,
                 line_writer) per request
    metrics.py   counts for Prometheus, over all processes (metric_board, metric_slots)
"""
