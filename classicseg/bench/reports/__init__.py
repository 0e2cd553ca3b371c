"""Reports of results: Markdown, LaTeX, and a page of HTML."""
