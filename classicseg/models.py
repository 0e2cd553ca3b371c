"""Fitted models from files of JSON, which `Fitted.save` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from classicseg import registry
from classicseg.errors import ParameterError
from classicseg.fitted import FORMAT, FORMAT_VERSION, Fitted
from classicseg.learned import Pictures

_KEYS = {"format", "format_version", "version", "method", "parameters", "pictures", "learned"}


def load_model(path: str | Path) -> Fitted:
    """Read a fitted model that `Fitted.save` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Fitted
        Equal to the one that was saved: numbers are the same to the last digit.

    Raises
    ------
    ParameterError
        There is no such file, or it holds no model, or one of a method or format that is not known here, or numbers
        that no model has (NaN, infinity, arrays of other shapes).

    Examples
    --------
    >>> import classicseg, numpy as np, tempfile
    >>> model = classicseg.KMeans(n_clusters=2).fit([np.array([[0, 9, 240]], dtype=np.uint8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(Path(folder) / "two.json")
    ...     classicseg.load_model(Path(folder) / "two.json") == model
    True
    """
    path = Path(path)
    if not path.is_file():
        raise ParameterError(f"{path} {'is no file' if path.exists() else 'does not exist'}. Check the path.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_number)
        return _model(content)
    except OSError as error:
        raise ParameterError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:  # what is no JSON, no UTF-8, no model, and ParameterError itself
        raise ParameterError(f"{path} cannot be read as a fitted model: {error}") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"it holds {word}, which is no number")


def _model(content: Any) -> Fitted:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ParameterError("it is none. Give a file that Fitted.save wrote.")
    if content.get("format_version") != FORMAT_VERSION or isinstance(content["format_version"], bool):
        raise ParameterError(
            f"its format has version {content.get('format_version')!r}, and {FORMAT_VERSION} is known. "
            "Read it with the version of classicseg that wrote it, or fit the model anew."
        )
    if set(content) != _KEYS:
        raise ParameterError(f"it holds {', '.join(sorted(content))}, not {', '.join(sorted(_KEYS))}.")
    parameters, learned = content["parameters"], content["learned"]
    if not isinstance(parameters, dict) or not isinstance(learned, dict):
        raise ParameterError("its parameters and what was learned are not told by name.")
    method = content["method"]
    if isinstance(method, str) and method in registry.PRESETS:
        raise ParameterError(f"method {method!r} is a preset; a model names the method itself.")
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()}
    segmenter = registry.make(method, **given)
    if set(given) != set(segmenter.get_params()):
        raise ParameterError(f"it does not tell all parameters of {segmenter.name}.")
    return Fitted.of(segmenter, _pictures(content["pictures"], bool(learned)), learned)


def _pictures(told: Any, learned: bool) -> Pictures:
    if isinstance(told, dict) and set(told) == set(Pictures._fields):
        found = Pictures(**told)
        counts = (found.number, found.pixels, found.depth if found.depth is not None else 1)
        known = (("rgb", None), ("rgb", 1), ("rgb", 3), ("bands", found.depth or 1)) if learned else ((None, None),)
        if (found.kind, found.depth) in known and all(type(count) is int and count > 0 for count in counts):
            return found
    raise ParameterError("it does not tell from which pictures the model was learned.")
