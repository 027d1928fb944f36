"""HTML documents that load no external resource: the frame of the report and of other pages."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2 import BaseLoader


def template_environment(*loaders: BaseLoader) -> Environment:
    """Return an environment with the templates of the report, and those of further loaders."""
    return Environment(
        loader=ChoiceLoader([*loaders, PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(environment: Environment, template: str, added_css: str, **values: Any) -> str:
    """Return a document with the style sheet of the report.

    Args:
        environment: Environment with the template.
        template: Name of a template that extends `base.html`.
        added_css: Rules after those of the report.
        **values: Values of the template.
    """
    css = files(__package__).joinpath("templates/page.css").read_text(encoding="utf-8") + added_css
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return environment.get_template(template).render(css=css, css_digest=digest, **values)
