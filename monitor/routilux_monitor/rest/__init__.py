"""Here are the handlers of the REST interface, and the table of all routes."""
