"""What a cell means as a phone, date, number, yes or no, and when two values are equal. Pure."""
