"""Formulas as MathML, which browsers draw by themselves: no script, no network.

Stage: writing HTML. In: the TeX of ``:math:`` and ``.. math::``. Out: ``<math>``
elements, made by latex2mathml. A formula it can't read is a warning with its page.
"""

import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


def to_mathml(tex: str, display: str) -> str:
    """Turn TeX into MathML."""
    text = convert(re.sub(r"\s+", " ", tex).strip(), display=display)
    if display == "block":  # what a maximum runs over stands below it, as TeX does it
        text = _put_below(text)
    return text


def _put_below(text: str) -> str:
    ElementTree.register_namespace("", _NAMESPACE[1:-1])
    root = ElementTree.fromstring(text)
    for element in root.iter(f"{_NAMESPACE}msub"):
        if element[0].text in {"max", "min"}:
            element.tag = f"{_NAMESPACE}munder"
    return ElementTree.tostring(root, encoding="unicode")


def _converted(writer, node: nodes.Element, display: str) -> str:
    try:
        return to_mathml(node.astext(), display)
    except Exception as error:  # latex2mathml has many, and no common base
        _LOGGER.warning("formula %r: %r", node.astext(), error, location=node)
        return writer.encode(node.astext())


def visit_inline(writer, node):
    """Write a formula within a line."""
    writer.body.append(_converted(writer, node, "inline"))
    raise nodes.SkipNode


def visit_block(writer, node):
    """Write a formula that stands by itself; wide ones can be scrolled."""
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    writer.body.append(_converted(writer, node, "block"))
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the writers with Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
