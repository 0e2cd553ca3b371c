"""The command line, called in this process."""

from __future__ import annotations

import pytest
from classicseg_cli.main import main


@pytest.fixture
def call(capsys):
    """Run the command line in this process: exit code, stdout, stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return leaving.value.code, captured.out, captured.err

    return run
