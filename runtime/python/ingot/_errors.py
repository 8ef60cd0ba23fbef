"""The exceptions that this package raises."""


class Error(Exception):
    """Something went wrong; the text is the library's own."""


class InvalidInput(Error, ValueError):
    """A tensor does not have the type or shape that the model takes."""
