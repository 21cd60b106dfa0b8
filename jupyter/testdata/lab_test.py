"""Runs a lesson to its end in JupyterLab, in a real browser, and with papermill.

    pip install jupyterlab papermill playwright
    loupe jupyter install --prefix VENV
    python lab_test.py LOUPE LESSON.go [SCREENSHOT.png]

The kernel must be installed where python's jupyter finds it. The browser is the one
that CHROMIUM names, else chromium or chrome on the path, else playwright's own. What
the cells print must be what `LOUPE run LESSON.go` prints, times and rates aside.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from playwright.sync_api import sync_playwright

HERE = os.path.dirname(os.path.abspath(__file__))


def masked(text):
    """Times, rates and factors differ from run to run."""
    text = re.sub(r"[\d,.]+ ?(ms|µs|s|min)\b", "T", text)
    text = re.sub(r"[\d,.]+ times", "N times", re.sub(r"[\d,.]+/s\b", "R", text))
    return re.sub(r" +", " ", text)


def printed(nb):
    for cell in nb["cells"]:
        for out in cell.get("outputs", []):
            if out["output_type"] == "error":
                sys.exit("a cell failed: " + out["evalue"])
            if out["output_type"] == "stream" and out["name"] == "stdout":
                yield "".join(out["text"])
            elif out["output_type"] == "display_data" and "loupe" not in out["metadata"]:
                yield "".join(out["data"]["text/plain"]) + "\n"


def compare(nb, loupe, args, what):
    run = subprocess.run([loupe, "run", *args], check=True, capture_output=True, encoding="utf-8")
    got, want = masked("".join(printed(nb))), masked(run.stdout)
    if got != want:
        sys.exit(f"{what} prints\n{got}\nand loupe run prints\n{want}")
    counts = [c["execution_count"] for c in nb["cells"] if c["cell_type"] == "code"]
    if None in counts:
        sys.exit(f"{what}: not every cell ran: {counts}")
    print(f"{what}: {len(counts)} cells print what loupe run prints")


def browser_of(p):
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return p.chromium.launch(executable_path=path, args=["--no-sandbox"])


def in_lab(folder, name, shot):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    env = dict(os.environ, JUPYTER_CONFIG_DIR=os.path.join(folder, "config"))
    lab = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.token=", "--ServerApp.password=",
         "--LabApp.expose_app_in_browser=True", "--allow-root", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None"],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(url + "/api/status", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as p:
            browser = browser_of(p)
            page = browser.new_page(viewport={"width": 1280, "height": 1600})
            page.goto(f"{url}/lab/tree/{name}", timeout=120_000)
            page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
            page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
            page.wait_for_function(
                "() => { const p = window.jupyterapp.shell.currentWidget; const k = p && p.sessionContext && p.sessionContext.session"
                " && p.sessionContext.session.kernel; return k && k.status === 'idle' }", timeout=60_000)
            page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.wait_for_function(
                "() => window.jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type === 'code')"
                ".every(w => w.model.executionCount !== null)", timeout=300_000)
            page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
            page.wait_for_timeout(1500)
            if shot:
                page.screenshot(path=shot)
            browser.close()
    finally:
        lab.terminate()
        lab.wait()
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def main():
    loupe, lesson = sys.argv[1:3]
    shot = sys.argv[3] if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lesson.ipynb")
        subprocess.run([loupe, "export", lesson, "-o", path], check=True, stderr=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as f:
            nb = json.load(f)
        for cell in nb["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        with open(path, "w", encoding="utf-8") as f:
            json.dump(nb, f)
        tagged = [c for c in nb["cells"] if "parameters" in c["metadata"].get("tags", [])]

        mill = [sys.executable, os.path.join(HERE, "..", "papermill_loupe.py"), path]
        out = os.path.join(folder, "out.ipynb")
        if tagged:
            subprocess.run([*mill, out, "-p", "model", "lesson"], check=True, capture_output=True)
            with open(out, encoding="utf-8") as f:
                compare(json.load(f), loupe, [lesson], "papermill")
            bad = subprocess.run([*mill, out, "-p", "model", "4"], capture_output=True, encoding="utf-8")
            if bad.returncode == 0 or "cannot use 4" not in bad.stderr:
                sys.exit("papermill with a parameter of a wrong type: " + bad.stderr[-2000:])
        compare(in_lab(folder, "lesson.ipynb", shot), loupe, [lesson], "JupyterLab")


if __name__ == "__main__":
    main()
