"""Bytes to accounts, predictions to bytes. The words of the wire stay in here.

`formats` chooses by media type: one table. A body becomes `Rows` (`json_shapes`, `json_lines`,
`csv_bodies`; by `positional` or `named` values), and `rows` turns those into accounts; `values`
says what a number, a category and a date are. `plain_numbers` does the same at once for bodies
that hold nothing else. `predictions` says what an answer holds, `answers` writes it.
"""
