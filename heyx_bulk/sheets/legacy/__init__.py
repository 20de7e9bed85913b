"""Workbooks of other formats (.xls, .xlsb, .ods), read in a child process."""
