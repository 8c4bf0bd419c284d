"""The commands of the command line, a module each: they parse, call, and say what came of it."""
