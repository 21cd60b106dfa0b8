"""Looks at exported pages in a real browser: on a screen, on a phone, in the dark, on paper.

    pip install playwright
    python page_test.py LOUPE NOTEBOOK.go...

The browser is the one that CHROMIUM names, else chromium or chrome on the path, else
playwright's own. SHOTS names a folder for pictures of what was looked at.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

LOOKS = {
    "screen": dict(viewport={"width": 1280, "height": 900}),
    "dark": dict(viewport={"width": 1280, "height": 900}, color_scheme="dark"),
    "phone": dict(viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True),
}

# What sticks out of the page, and not of a part of it that scrolls.
STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth, out = [];
  for (const e of document.querySelectorAll('main *')) {
    if (e.getBoundingClientRect().right <= wide + 1) continue;
    let p = e.parentElement;
    while (p && !['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) p = p.parentElement;
    if (!p) out.push(e.tagName + '.' + e.className);
  }
  return out.slice(0, 5);
}"""

# Text that can hardly be read: its colour is too near to what is behind it (WCAG's ratio).
FAINT = """() => {
  const lum = c => { const v = c.map(x => { x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4 });
                     return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
  const rgb = s => s.match(/[\\d.]+/g).map(Number);
  const out = {};
  for (const e of document.querySelectorAll('main p, main pre, main pre span, main td, main h1, main h2, main h3, nav a, footer')) {
    if (!e.textContent.trim() || e.closest('svg') || e.closest('.loupe-headview') || e.closest('.picture') || !e.getClientRects().length) continue;
    let b = e;
    while (b && (rgb(getComputedStyle(b).backgroundColor)[3] ?? 1) < 0.5) b = b.parentElement;
    const behind = b ? rgb(getComputedStyle(b).backgroundColor) : [255, 255, 255];
    const [x, y] = [lum(rgb(getComputedStyle(e).color).slice(0, 3)), lum(behind.slice(0, 3))];
    const ratio = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    if (ratio < 4.5) out[e.tagName + '.' + e.className + ' ' + getComputedStyle(e).color + ' on ' + behind.join()] = ratio.toFixed(1);
  }
  return out;
}"""


def look(browser, page_file, name, how):
    """The faults of a page under one look."""
    context = browser.new_context(**LOOKS[how])
    page, faults = context.new_page(), []
    page.on("console", lambda m: faults.append("console: " + m.text))
    page.on("request", lambda r: faults.append("it loads " + r.url[:80]) if not r.url.startswith(("file:", "data:")) else None)
    page.goto("file://" + page_file)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
        faults.append(f"wider than the screen: {page.evaluate(STICKS_OUT)}")
    if out := page.evaluate(STICKS_OUT):
        faults.append(f"sticks out: {out}")
    if faint := page.evaluate(FAINT):
        faults.append(f"hard to read: {faint}")
    links = page.eval_on_selector_all("nav a", "list => list.map(a => a.getAttribute('href'))")
    if len(links) < 5 or not all(page.query_selector(href) for href in links):
        faults.append(f"the table of contents leads nowhere: {links}")
    shown = page.is_visible("nav ul")
    if how == "phone":
        if shown:
            faults.append("the contents are open before they are asked for")
        page.click("nav label")
        if not page.is_visible("nav ul"):
            faults.append("the contents do not open")
        page.click("nav label")
    elif not shown:
        faults.append("the contents are not beside the text")
    if page.locator("p.account, details.account").count() < 3:
        faults.append("no times under the cells")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="print")
    paper = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    if paper != ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]:
        faults.append(f"on paper it is {paper}")
    if how != "phone" and (faint := page.evaluate(FAINT)):
        faults.append(f"hard to read on paper: {faint}")
    if page.is_visible("nav"):
        faults.append("the contents are printed")
    page.emulate_media(media="screen")
    if shots := os.environ.get("SHOTS"):
        page.screenshot(path=os.path.join(shots, f"{name}-{how}.png"), full_page=True)
    context.close()
    return background, faults


def main():
    loupe, notebooks = sys.argv[1], sys.argv[2:]
    failed = False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for notebook in notebooks:
            name = os.path.basename(notebook).removesuffix(".go")
            page_file = os.path.join(folder, name + ".html")
            subprocess.run([loupe, "export", notebook, "-o", page_file], check=True, stderr=subprocess.DEVNULL)
            backgrounds = {}
            for how in LOOKS:
                backgrounds[how], faults = look(browser, page_file, name, how)
                for fault in faults:
                    failed = True
                    print(f"{name}, {how}: {fault}")
            if backgrounds["dark"] == backgrounds["screen"]:
                failed = True
                print(f"{name}: the dark page is {backgrounds['dark']}")
            print(f"{name}: looked at on {', '.join(LOOKS)}, paper")
        browser.close()
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
