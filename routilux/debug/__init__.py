"""Here is the debugger: breakpoints, their conditions, holds and sessions."""
