"""Programs that run peers in environments of their own; they import nothing of this project."""
