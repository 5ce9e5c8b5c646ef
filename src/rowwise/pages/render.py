"""A template and values → HTML or SVG: the one place that makes documents, with every value escaped.

Jinja2 is imported with this module, so only what makes a page imports it.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from rowwise.pages.palette import DARK, LIGHT, VARIABLES
from rowwise.text import language, say

# Neither XML nor HTML has a way to write control characters and lone surrogates, which names may hold; what turns the
# direction of writing would make one name look like another.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def render(package: str, template: str, /, **values: object) -> Markup:
    """The document or fragment that a template makes of `values`, in the current language.

    Text is escaped; Markup, as this function and `svg.element` give it, stands as it is.

    Args:
        package: has a folder `templates`, whose files may use those of this package as `pages/…`.
        template: the name of a file there.

    Raises:
        jinja2.UndefinedError: the template needs a value that was not given.
    """
    text = _environment(package).get_template(template).render(values)
    return Markup(UNWRITABLE.sub("\ufffd", text))


@cache
def _environment(package: str) -> Environment:
    shared = PrefixLoader({"pages": PackageLoader("rowwise.pages")})
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), shared]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "language": language, "light": LIGHT, "dark": DARK, "variables": VARIABLES}
    return environment
