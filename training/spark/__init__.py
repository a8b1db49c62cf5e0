"""Scoring and training on Apache Spark 3.5: what one machine does with accounts, spread over many.

From the driver down: `session` (a Spark session, or why there is none), `hadoop_files` (folders of
any file system Spark knows), `table_heads` (which tables there are), `accounts` (the join, as a
DataFrame), `scores` (an artifact's scores, as Parquet), `output_folder` (where they appear),
`training_run` (a training), `reducing` (the store whose passes it asks for), `packed_sums` (what
such a pass sends back).

In executors, without pyspark: `row_reading` (lines or cells to typed rows), `row_joining` (sorted
rows to one per account), `row_scoring`, `row_layout` (the columns between them), `tallies` (what
was counted and refused on the way).
"""
