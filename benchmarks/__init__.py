"""Comparisons with other libraries, and how they are made: see the README beside this file."""
