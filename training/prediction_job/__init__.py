"""A prediction job: scores accounts whose inputs changed, as Einstein Studio's streaming job does.

The definition people write: `definition` and `mapping`, by `documents`; `objects` says which
field is whose. One run: `sources` finds files, `ingest` upserts their rows, `changes` finds the
accounts to score, `sending` sends them by `calls` and `answers`, `results` keeps what came back.
`state` is the SQLite file with all of it, `job` the order of things, `query` the look at it.
"""
