"""MkDocs hooks: pages and pictures that lie elsewhere in the repository, and the tables of keys and of controllers.

Links in the pages are written as they work on GitHub and in an editor (../examples/styles.jpg).
"""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from realtime_nst.keys import controllers_table, markdown_table

ROOT = Path(__file__).parents[1]
PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the repository and the pictures of examples/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for picture in sorted((ROOT / "examples").iterdir()):
        if picture.suffix in (".jpg", ".png", ".webp"):
            files.append(File.generated(config, f"examples/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Point links to where MkDocs puts their targets, and fill in the tables."""
    for source, page in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({page}")
    markdown = markdown.replace("](../examples/", "](examples/").replace("](docs/", "](")
    markdown = markdown.replace("<!-- controllers -->", controllers_table())
    return markdown.replace("<!-- keys -->", markdown_table())
