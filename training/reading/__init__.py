"""Reading account CSVs strictly: every row is used, or refused with file, line and reason.

The door is ``training.tables``. In here, from bytes upwards: `csv_lines` (bytes to lines to texts),
`csv_cells` (texts to numbers, categories, dates), `csv_reader` (one file as a stream of tables),
`account_files` (which file of a folder holds which column), `newest_rows` (one row per account),
`refusals` (what was not used, and why).
"""
