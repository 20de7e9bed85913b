"""The checkpoint of an export: what is to be read, which pages were, and the contacts on them."""
