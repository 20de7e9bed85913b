"""CSV files: encoding, separator, exact rows, and protection against formula injection."""
