"""Scoring more accounts than memory holds: batch by batch, in one process or in several.

`score_batches` is the one function that scores, over Arrow's record batches: here it runs in this
machine's processes, on a cluster in each executor of Spark.
"""
