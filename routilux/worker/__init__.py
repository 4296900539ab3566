"""The process that runs one routine."""
