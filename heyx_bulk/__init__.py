"""Upload spreadsheets of contacts to HeyX, rerun the rows that failed, export contacts by tag."""
