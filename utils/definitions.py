"""What a lab defines, without running the lab: for tests and benchmarks of code written in a notebook."""

import ast
from types import SimpleNamespace

import nbformat

from utils import labs


def definitions(name: str) -> SimpleNamespace:
    """The functions and classes that the lab defines, with the lab's imports and nothing else executed.

    name: "chapter/lab". A function that reads a variable of the notebook raises NameError when called.
    Raises ValueError for a lab that does not exist.
    """
    notebook = nbformat.read(labs.source(name), as_version=4)
    wanted = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    namespace: dict = {"__name__": name}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tree = ast.parse(labs.plain_python(cell.source))
            tree.body = [node for node in tree.body if isinstance(node, wanted)]
            exec(compile(tree, f"{name}, cell {cell.id}", "exec"), namespace)
    return SimpleNamespace(**{key: value for key, value in namespace.items() if not key.startswith("__")})
