"""Draws curve.png, the loss curve of MODEL.md, from the log of train.py.

    python curve.py run1/log.jsonl curve.png
"""

import json, sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

rows = [json.loads(line) for name in sys.argv[1:-1] for line in open(name)]
x = [r["tokens"] / 1e6 for r in rows]
fig, (loss, right) = plt.subplots(2, 1, sharex=True, figsize=(8, 6), dpi=110)
for key, label in (("text", "stories"), ("copy", "later copies of a random block"), ("line", "summaries"), ("answer", "answers about facts")):
    loss.plot(x, [r[key] for r in rows], label=label)
loss.set_yscale("log")
loss.set_ylabel("loss on unseen rows, nats a token")
loss.legend()
for key, label in (("codes", "codes of facts"), ("nones", '"none"'), ("lines", "summaries and other lines")):
    right.plot(x, [100 * r.get(key, 0) for r in rows], label=label)
right.set_ylabel("wholly right answers, %")
right.set_xlabel("tokens seen, millions (rows of 128, then 256, then 512)")
right.legend()
for axes in (loss, right):
    axes.grid(alpha=0.3)
    for a, b in zip(rows, rows[1:]):
        if a["length"] != b["length"]:
            axes.axvline(a["tokens"] / 1e6, color="grey", linestyle=":")
fig.tight_layout()
fig.savefig(sys.argv[-1])
