"""`python -m heyx_bulk`."""

from heyx_bulk.cli.app import main

if __name__ == "__main__":
    main()
