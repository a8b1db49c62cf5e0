"""Reading accounts strictly: every row is used, or refused with file, line and reason.

The door is ``training.tables``. In here, from bytes upwards: `csv_lines` (bytes to lines to texts),
`csv_cells` (texts to numbers, categories, dates), `csv_reader` (one CSV as a stream of tables),
`parquet_reader` (the same of Parquet), `table_files` (which table a file is of, and its format),
`account_files` (which table holds which column), `newest_rows` (one row per account), `refusals`
(what was not used, and why).
"""
