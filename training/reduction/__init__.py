"""From accounts that are not in memory to what a fit needs of them: counts, added up in passes.

A pass is a `Reduction`: it looks at some rows at a time and gives arrays, and arrays of different
rows are merged. Where the rows are is a store's affair: `parquet_store` reads a file with several
processes, `training.spark` maps over a cluster. `value_counts` learns each column's distribution,
`metric_counts` counts accounts by cell, and `counted_plan` is the plan that fits ask.
"""
