"""`python -m heyx_bulk`."""

from heyx_bulk.cli import main

if __name__ == "__main__":
    main()
