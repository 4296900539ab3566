"""The part of the runtime that starts, watches and stops processes, and knows when a job has ended."""
