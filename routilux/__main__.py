"""Here is `python -m routilux`, the same as the command `routilux`."""

from routilux.cli import main

if __name__ == "__main__":
    main()
