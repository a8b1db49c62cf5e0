"""Joins tables of accounts on the disk: those of `training.tables`, which are larger than memory.

`joined` is the door. Below it: `staging` (files to typed rows, by several processes), `statements`
(the SQL that joins them), `several_rows` (accounts with more than one row in a table).
"""
