"""Names that are more than names to Markdown, HTML or a plotting library."""

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b",
    "[x](javascript:alert(1))",
    "![x](http://example.com/x.png)",
    "`code` *bold* _it_",
    "$\\frac{1$",
    "&lt;b&gt;",
    "two\nlines",
    "\"quoted\" 'too'",
    "日本",
)
