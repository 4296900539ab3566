"""Here is `python -m routilux_monitor`."""

from routilux_monitor.cli import main

if __name__ == "__main__":
    main()
