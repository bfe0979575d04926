"""The flows of a generator: their arguments, as users see them, and which iterators they make."""
