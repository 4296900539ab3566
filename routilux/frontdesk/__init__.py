"""Here is the front desk of a runtime: where a monitor asks what there is, and for things to be done."""
