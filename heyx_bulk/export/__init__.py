"""Contacts out of HeyX: found by values and ids, read page by page, each once, and written to a file."""
