"""`python -m moments` and the console script `moments`."""

from moments.cli import main

if __name__ == "__main__":
    main()
