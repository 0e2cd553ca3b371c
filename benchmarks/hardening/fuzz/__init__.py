"""A coverage-guided fuzzer (atheris) over what reads files and what scores label maps."""
