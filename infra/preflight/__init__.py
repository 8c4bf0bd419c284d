"""The preflight: whether a machine can do its work, asked before the work costs anything."""
