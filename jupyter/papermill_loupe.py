"""papermill for notebooks of Go (Loupe).

    python papermill_loupe.py lesson.ipynb out.ipynb -p model smollm2 -p n 4

It is papermill with its own arguments, and knows how to write values as Go: papermill
comes with no translator for Go. `loupe export lesson.go -o lesson.ipynb` marks the
cell titled "parameters" for it. The values come in a cell of assignments behind that
cell, so that one of another type is refused as Go refuses it.
"""

import json

from papermill import translators
from papermill.cli import papermill


class GoTranslator(translators.Translator):
    @classmethod
    def translate_none(cls, val):
        return "nil"

    @classmethod
    def translate_bool(cls, val):
        return "true" if val else "false"

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val, ensure_ascii=False)

    @classmethod
    def translate_list(cls, val):
        kinds = {type(x) for x in val}
        if len(kinds) != 1 or not kinds <= {bool, int, float, str}:
            raise ValueError(f"a list of {sorted(k.__name__ for k in kinds)} has no type in Go")
        kind = {bool: "bool", int: "int", float: "float64", str: "string"}[kinds.pop()]
        return f"[]{kind}{{{', '.join(cls.translate(x) for x in val)}}}"

    @classmethod
    def translate_dict(cls, val):
        raise ValueError("a dictionary is no parameter of a Go notebook")

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        lines = [cls.comment(comment)]
        lines += [f"{name} = {cls.translate(val)}" for name, val in parameters.items()]
        return "\n".join(lines) + "\n"


translators.papermill_translators.register("go", GoTranslator)

if __name__ == "__main__":
    papermill()
