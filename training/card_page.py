"""The model card as one HTML page: the Markdown with its pictures, and nothing from outside."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

# No script can run and nothing can be fetched, whatever a name in the card says.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark;
  --text: #1b1b1b; --back: #fff; --line: #c4c4c4; --head: #f0f0f0; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e6e6e6; --back: #16181c; --line: #4a4e55; --head: #23262c; }}
}}
body {{ margin: 0 auto; padding: 1rem 1.25rem 3rem; max-width: 78rem; color: var(--text);
  background: var(--back); font: 1rem/1.5 system-ui, sans-serif; }}
p, ul {{ max-width: 52rem; }}
/* Pictures have their own size: on a narrow screen they scroll, as tables do. */
p:has(img) {{ max-width: none; overflow-x: auto; }}
h2 {{ margin-top: 2.5rem; border-bottom: 1px solid var(--line); }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }}
th, td {{ border: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: left;
  vertical-align: top; }}
thead th {{ background: var(--head); }}
tbody th {{ font-weight: normal; }}
img {{ background: #fff; }}
@media print {{ img {{ max-width: 100%; }} }}
@media screen and (prefers-color-scheme: dark) {{
  img {{ padding: 0.5rem; border-radius: 0.5rem; filter: brightness(0.8); }}
}}
</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


def card_page(card: str, *, title: str, pictures: Mapping[str, bytes]) -> str:
    """Turn a model card into one HTML page.

    HTML in the Markdown is shown, not obeyed.

    Parameters
    ----------
    card : str
        Markdown.
    pictures : mapping of str to bytes
        The card's link to a picture → its PNG bytes; a picture that is missing is left out, and
        its description stays.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = list(_scrollable(reader.parse(card)))
    _name_cells(tokens)
    for token in tokens:
        if token.children:
            token.children = [_embedded(child, pictures) for child in token.children]
    body = reader.renderer.render(tokens, reader.options, {})
    return _PAGE.format(title=html.escape(title), body=body)


def _scrollable(tokens: Sequence[Token]) -> Iterator[Token]:
    """Let tables scroll on a narrow screen, under the name of their section."""
    heading = ""
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            heading = token.content
        if token.type == "table_open":
            label = html.escape(f"Table: {heading}")
            yield _raw(f'<div class="table" role="region" tabindex="0" aria-label="{label}">\n')
        yield token
        if token.type == "table_close":
            yield _raw("</div>\n")


def _name_cells(tokens: Sequence[Token]) -> None:
    """Say of a table's first row and first column that they are headings."""
    first = False
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
        elif token.type == "tr_open":
            first = True
        elif first and token.type == "td_open":
            token.tag = "th"
            token.attrSet("scope", "row")
        elif first and token.type == "td_close":
            token.tag, first = "th", False


def _raw(text: str) -> Token:
    return Token("html_block", "", 0, content=text)


def _embedded(token: Token, pictures: Mapping[str, bytes]) -> Token:
    """Put a picture into the page; an image's description is its text for who cannot see it."""
    if token.type != "image":
        return token
    data = pictures.get(str(token.attrGet("src")))
    if data is None:
        return Token("text", "", 0, content=f"({token.content})")
    token.attrSet("src", f"data:image/png;base64,{base64.b64encode(data).decode()}")
    return token
