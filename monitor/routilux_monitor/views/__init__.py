"""Here are views: what the monitor knows, said in the contract's words. They only read."""
