"""The course as a web site: pages that read like the notebooks, with explorers that answer from tables.

    table.py      what an explorer answers, computed beforehand
    pages.py      a notebook as a page, the start page, the search
    runs.py       the recorded runs, with their curves
    reference.py  the reference of the library, from its docstrings
    build.py      all of it, in parallel, and again only what has changed
    lite.py       the notebooks with Python in the browser: JupyterLite
    templates/, static/    the pages' frames; their style and scripts

The pages need no server and no network: they open from a folder as well as from a host. See `spectral-lab site --help`.
"""
