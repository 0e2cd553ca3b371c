"""The errors and warnings that classicseg raises on purpose.

Each message names what came, what is allowed, and the cure.
"""


class ImageError(ValueError):
    """The picture, its mask or its file cannot be used as it came."""


class ParameterError(ValueError):
    """A method's name, a parameter or a call argument is not one that classicseg knows or allows."""


class MemoryLimitError(MemoryError):
    """The run would need more memory than the machine has; raised before it starts."""


class DependencyError(ImportError):
    """A library that this part of classicseg needs is missing or cannot be loaded."""


class DataRangeWarning(UserWarning):
    """The samples hardly fill, or do not fit, the range by which they are scaled."""


class PluginWarning(UserWarning):
    """A plug-in method was left out because it cannot be loaded."""
