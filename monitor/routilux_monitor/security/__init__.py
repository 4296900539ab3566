"""Here is who may ask the monitor what: hosts, origins, tokens, headers."""
