"""The program as a Python library: its functions, their asynchronous twins, and their results."""
