"""The command line: everything a user does with a flow from a shell."""

from routilux.cli.interrupts import Interrupts


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    interrupts = Interrupts()
    interrupts.install()
    # Ctrl-C must be ours before the slow imports: there it would otherwise end in a traceback.
    from routilux.cli.app import app  # noqa: PLC0415

    app(prog_name="routilux", obj=interrupts)
