"""Sphinx configuration: ``python -m sphinx -W docs docs/_build/html``."""

import inspect
import logging
import re
import sys
import warnings
from pathlib import Path

import sklearn_hmlc

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from guide_links import pages_by_name  # noqa: E402

project = "sklearn_hmlc"
author = "The sklearn_hmlc developers"
copyright = author
version = release = sklearn_hmlc.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "mathml",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples", "evidence/*.inc"]
default_role = "py:obj"
toc_object_entries_show_parents = "hide"

autodoc_typehints = "none"  # numpydoc's sections have the types
autosummary_generate = True
autosummary_context = {"guide_pages": pages_by_name(HERE / "user_guide")}
numpydoc_show_class_members = False  # the class template lists them

plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 150)]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- formulas: MathML, without scripts from elsewhere ----------------------------------

html_math_renderer = "mathml"

# -- the gallery -----------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("sklearn_hmlc",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"sklearn_hmlc": None},
    "download_all_examples": True,
    "show_memory": False,
    "show_signature": False,
    "image_srcset": ["2x"],
    "write_computation_times": False,  # a page with scripts from elsewhere
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

# -- links to other projects -----------------------------------------------------------

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

# Links to what is ours must lead somewhere. Names of others resolve with a network
# alone; what stands in single backticks may also be a parameter or an attribute.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:(class|func|meth|exc|data|mod)", rf"({'|'.join(intersphinx_mapping)})\b.*"),
    (r"py:(class|func|meth|exc|data|mod)", r"[A-Z]\w+(Error|Warning)|skops\..*"),
    (r"py:obj", r"(?!sklearn_hmlc\.).*"),
]

# ``python -m sphinx -b linkcheck docs docs/_build/links`` asks every address.
linkcheck_timeout = 20  # seconds
linkcheck_retries = 2
linkcheck_anchors = False  # many are made by scripts
linkcheck_ignore = [
    r"https://doi\.org/.*",  # publishers turn robots away
    r"https://sklearn-hmlc\.readthedocs\.io/.*",  # these pages, before they are there
]

# -- what the pages look like ----------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = project
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "collapse_navigation": True,
    "logo": {"text": project},
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
_ALONE = """index install evidence peers citing glossary whats_new versions
contributing"""  # pages without others below them
html_sidebars = {page: [] for page in _ALONE.split()}


def _unreachable_is_no_warning(record):
    """Let the build succeed without a network; links to other projects are lost."""
    if "failed to reach any of the inventories" in str(record.msg):
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def _is_inherited_from_others(app, what, name, obj, skip, options):  # noqa: ARG001
    """Leave out what scikit-learn, torch and tuples add to every class."""
    ours = str(getattr(obj, "__module__", "")).startswith("sklearn_hmlc")
    return None if ours else True


def _where_it_is_written(app, modname, attribute):  # noqa: ARG001
    """Find the source of a class whose module says where users find it."""
    written = re.compile(rf"^class {re.escape(attribute)}\b", flags=re.MULTILINE)
    public = getattr(sys.modules.get(modname), attribute, None)
    if getattr(public, "__module__", None) != modname:
        return None  # its module tells
    for name, module in sorted(sys.modules.items()):
        known = name.startswith("sklearn_hmlc.") and vars(module).get(attribute)
        if known is public and written.search(inspect.getsource(module)):
            return name
    return None


def setup(app):
    """Connect the functions above."""
    logger = logging.getLogger("sphinx.sphinx.ext.intersphinx")
    logger.addFilter(_unreachable_is_no_warning)
    app.connect("autodoc-skip-member", _is_inherited_from_others)
    app.connect("viewcode-follow-imported", _where_it_is_written)
