"""Spreadsheets in and out, as exact text: what a person sees in a cell is what the program gets, and back.

Nothing here guesses in silence. A sheet that cannot be read for certain is refused (`SheetError`), a cell
without a true text is a `CellError` of its row, and a number Excel may have rounded is told as a suspect.
"""
