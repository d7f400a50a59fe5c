"""Sphinx settings for the reference of the package: ``make docs``, without network."""

import styleguard_edu

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

project = "styleguard-edu"
author = "styleguard-edu contributors"
copyright = f"2026, {author}"
version = release = styleguard_edu.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
templates_path = ["_templates"]
exclude_patterns = ["_templates"]

autosummary_generate = True
autosummary_ignore_module_all = False  # exactly the public names
autosummary_imported_members = False  # but a package part offers those in its ``__all__``
autodoc_default_options = {"members": True}
autodoc_inherit_docstrings = False  # those of other projects are written for their own pages
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"styleguard-edu {version}"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"


def leave_out(app, what, name, obj, skip, options):
    """Leave out what scikit-learn adds to every estimator for its metadata routing."""
    return skip or name.endswith("_request") or name == "get_metadata_routing"


def typeset(display):
    """Return what writes an equation as MathML, which a browser shows without a script."""

    def visit(translator, node):
        translator.body.append(convert(node.astext(), display=display))
        raise SkipNode

    return visit


def setup(app):
    """Register the functions above."""
    app.add_html_math_renderer("mathml", (typeset("inline"), None), (typeset("block"), None))
    app.connect("autodoc-skip-member", leave_out)
