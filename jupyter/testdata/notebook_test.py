"""Runs a notebook of this repository in the installed kernel, with nbclient,
and converts the result with nbconvert.

    python notebook_test.py LOUPE cells.go

What its cells print is what `LOUPE run FILE.go` prints, times and rates aside.
"""

import re
import subprocess
import sys
import textwrap

import nbclient
import nbconvert
import nbformat


def cells_of(source):
    """The cells of a .go notebook: its declarations, then what // %% separates."""
    head, body = source.split("\nfunc main() {\n", 1)
    body = body.rstrip().removesuffix("}")
    yield "code", head.split("package main\n", 1)[1].strip()
    for part in re.split(r"(?m)^\t// %%", body)[1:]:
        title, _, text = part.partition("\n")
        text = textwrap.dedent(text).strip()
        if "[markdown]" in title:
            yield "markdown", re.sub(r"(?m)^// ?", "", text)
        else:
            yield "code", "// %%" + title + "\n" + text


def notebook_of(source):
    nb = nbformat.v4.new_notebook()
    nb.metadata.kernelspec = {"name": "loupe", "display_name": "Go (Loupe)", "language": "go"}
    for kind, text in cells_of(source):
        nb.cells.append(nbformat.v4.new_markdown_cell(text) if kind == "markdown" else nbformat.v4.new_code_cell(text))
    return nb


def printed(nb):
    """What go run prints: standard output and values shown, without statistics."""
    for cell in nb.cells:
        for out in cell.get("outputs", []):
            if out.output_type == "stream" and out.name == "stdout":
                yield out.text
            elif out.output_type == "display_data" and "loupe" not in out.metadata:
                yield out.data["text/plain"] + "\n"


def masked(text):
    """Times and rates differ from run to run, and with them the spaces beside."""
    text = re.sub(r"[\d,.]+ ?(ms|µs|s|min)\b", "T", text)
    return re.sub(r"\([\d,.]+/s\)", "(R)", text)


def main():
    loupe, path = sys.argv[1:]
    nb = notebook_of(open(path, encoding="utf-8").read())
    nbclient.NotebookClient(nb, timeout=300).execute()
    nbformat.validate(nb)

    got = masked("".join(printed(nb)))
    run = subprocess.run([loupe, "run", path], check=True, capture_output=True, encoding="utf-8")
    want = masked(run.stdout)
    if got != want:
        sys.exit(f"the kernel prints\n{got}\nand loupe run prints\n{want}")
    errors = [o for c in nb.cells for o in c.get("outputs", []) if o.output_type == "error"]
    counts = [c.execution_count for c in nb.cells if c.cell_type == "code"]
    if errors or counts != list(range(1, len(counts) + 1)):
        sys.exit(f"errors {errors}, counts {counts}")

    for exporter in (nbconvert.HTMLExporter(), nbconvert.MarkdownExporter(), nbconvert.ScriptExporter()):
        text, _ = exporter.from_notebook_node(nb)
        if "engine.Load" not in re.sub(r"<[^>]*>", "", text):
            sys.exit(f"{type(exporter).__name__}: the code is missing")

    # 20,000 lines, whole and in order, then an error, which ends the run.
    nb = nbformat.v4.new_notebook(metadata=nb.metadata)
    nb.cells = [nbformat.v4.new_code_cell(c) for c in ('for i := range 20000 { fmt.Println("line", i) }', "x := nope", "1")]
    try:
        nbclient.NotebookClient(nb, timeout=300).execute()
        sys.exit("the error did not end the run")
    except nbclient.exceptions.CellExecutionError as e:
        if "undefined: nope" not in str(e):
            sys.exit(f"the error is {e}")
    lines = "".join(o.text for o in nb.cells[0].outputs)
    if lines != "".join(f"line {i}\n" for i in range(20000)):
        sys.exit(f"{len(lines)} bytes of 20,000 lines came")
    print(f"{path}: {len(counts)} cells in the kernel print what loupe run prints; HTML, Markdown and script made")


if __name__ == "__main__":
    main()
