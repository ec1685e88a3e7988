"""The commands of the command line: a module for each, with the command in it under the module's own name."""
