"""Sphinx configuration: ``python -m sphinx -W docs docs/_build/html``."""

import logging

import sklearn_hmlc

project = "sklearn_hmlc"
author = "The sklearn_hmlc developers"
copyright = author
version = release = sklearn_hmlc.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "py:obj"
toc_object_entries_show_parents = "hide"

autodoc_typehints = "none"  # numpydoc's sections have the types
autosummary_generate = True
numpydoc_show_class_members = False  # the class template lists them

plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 150)]

intersphinx_mapping = {
    "imblearn": ("https://imbalanced-learn.org/stable", None),
    "matplotlib": ("https://matplotlib.org/stable", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "pandas": ("https://pandas.pydata.org/docs", None),
    "scipy": ("https://docs.scipy.org/doc/scipy", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "skorch": ("https://skorch.readthedocs.io/en/stable", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
}
intersphinx_timeout = 5  # seconds

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "collapse_navigation": True,
    "navigation_with_keys": False,
    "show_prev_next": False,
}
html_sidebars = {"install": [], "whats_new": [], "contributing": []}


def _unreachable_is_no_warning(record):
    """Let the build succeed without a network; links to other projects are lost."""
    if "failed to reach any of the inventories" in str(record.msg):
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def _is_inherited_from_others(app, what, name, obj, skip, options):  # noqa: ARG001
    """Leave out what scikit-learn, torch and tuples add to every class."""
    ours = str(getattr(obj, "__module__", "")).startswith("sklearn_hmlc")
    return None if ours else True


def setup(app):
    """Connect the two functions above."""
    logger = logging.getLogger("sphinx.sphinx.ext.intersphinx")
    logger.addFilter(_unreachable_is_no_warning)
    app.connect("autodoc-skip-member", _is_inherited_from_others)
