"""Which column is which field: mapping rules and files, rows of values, and checks of a whole column."""
