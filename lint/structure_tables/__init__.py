"""The tables of the structural check, one module for each kind of document, made by tools/make_structure.py."""
