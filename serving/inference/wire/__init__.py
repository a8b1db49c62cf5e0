"""Bytes to accounts, scores to bytes. The words of the wire stay in here.

`formats` chooses by media type; `json_bodies` and `csv_bodies` decode; `values` says what a number,
a category and a date are on the wire; `answers` encodes.
"""
