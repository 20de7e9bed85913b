"""Spreadsheets in and out, as exact text: a program gets what Excel shows in a cell, and writes it back unchanged.

Nothing is guessed silently. A sheet that cannot be read reliably is refused (`SheetError`); a cell that has no
readable text is an error of its row, and a number that Excel may have rounded is a warning (both `CellError`).
"""
