"""The ways to run a flow: in processes, or in this one."""
