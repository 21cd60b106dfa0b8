"""Trains the lesson model. README.md has the recipe, MODEL.md what came of it.

    go build -o rows ./engine/store/lesson/train
    python train.py --rows ./rows --out run1 --stages 128:64:2000,256:32:1000,512:16:1000

A stage is LENGTH:ROWS:STEPS or LENGTH:ROWS:STEPS:MIX (see corpus/document.go). Checkpoints are written every --save steps and at the
end; a run that finds one in --out goes on from it, at the row where it stopped.
"""

import argparse, json, math, os, subprocess, time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

EPS = 1e-5
WEIGHT_UNIT = 20  # of the weight bytes of a row: pack.go
W_COPY, W_LINE, W_ANSWER = 40, 50, 100  # weight bytes of the kinds that are watched, answers at least
VALIDATION = 1 << 30  # number of the first row that is only looked at, never learned


class Model(torch.nn.Module):
    """The llama architecture: RMSNorm, RoPE on adjacent pairs, grouped queries, SwiGLU, tied head."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        d, hd = c["embedding_length"], c["head_dim"]
        q, kv, f = c["head_count"] * hd, c["head_count_kv"] * hd, c["feed_forward_length"]
        p = lambda *s, std: torch.nn.Parameter(torch.randn(*s) * std)
        self.w = torch.nn.ParameterDict()
        self.w["token_embd"] = p(c["vocab"], d, std=1.0)
        self.w["output_norm"] = torch.nn.Parameter(torch.full((d,), 1 / math.sqrt(d)))
        for l in range(c["block_count"]):
            b = lambda name, v: self.w.__setitem__(f"blk_{l}_{name}", v)
            b("attn_norm", torch.nn.Parameter(torch.ones(d)))
            b("ffn_norm", torch.nn.Parameter(torch.ones(d)))
            b("attn_q", p(q, d, std=d**-0.5))
            b("attn_k", p(kv, d, std=d**-0.5))
            b("attn_v", p(kv, d, std=d**-0.5))
            b("attn_output", p(d, q, std=0.5 * q**-0.5))
            b("ffn_gate", p(f, d, std=d**-0.5))
            b("ffn_up", p(f, d, std=d**-0.5))
            b("ffn_down", p(d, f, std=0.3 * f**-0.5))
        if c["seeded"]:
            self.seed_circuit()

    @torch.no_grad()
    def seed_circuit(self):
        """Starts the copying circuit (Olsson et al., 2022): heads of layer 0 that look one, two and three
        tokens back, and heads of layer 1 that match what those brought against the token at hand.
        Training is free to change all of it; it only need not find it first."""
        c, hd = self.c, self.c["head_dim"]
        group = c["head_count"] // c["head_count_kv"]
        theta = c["rope_freq_base"] ** (-torch.arange(0, hd, 2) / hd)
        emb, q0, k0, v0, o0 = (self.w[n] for n in ("token_embd", "blk_0_attn_q", "blk_0_attn_k", "blk_0_attn_v", "blk_0_attn_output"))
        emb[:, 0] = 2.0  # the same for all tokens: what a position-only head reads
        pairs, amp = 5, 3.5
        for kvh, backs in ((0, (1, 2)), (1, (3,))):
            k0[kvh * hd : (kvh + 1) * hd] *= 0.1
            k0[kvh * hd : kvh * hd + 2 * pairs : 2, 0] = amp
            k0[kvh * hd + 1 : kvh * hd + 2 * pairs : 2, 0] = 0
            for i, back in enumerate(backs):
                r = (kvh * group + i) * hd
                q0[r : r + hd] *= 0.1
                # a query at p and a key at p-back meet in phase: turn the query back by that angle
                q0[r : r + 2 * pairs : 2, 0] = amp * torch.cos(-theta[:pairs] * back)
                q0[r + 1 : r + 2 * pairs : 2, 0] = amp * torch.sin(-theta[:pairs] * back)
        # head 0 (one back) writes its value where layer 1 finds it again
        o0[:, :hd] *= 2.0
        q1, k1, v1, o1 = (self.w[n] for n in ("blk_1_attn_q", "blk_1_attn_k", "blk_1_attn_v", "blk_1_attn_output"))
        low = slice(hd - 16, hd)  # the pairs that turn least keep their content over distance
        read = v0[:hd]  # [hd, d]: what head 0 sees of the token before
        write = o0[:, :hd] @ read  # [d, d]: what it adds for that token
        probe = read / read.norm(dim=1, keepdim=True)
        for kvh in range(2):
            rows = probe[kvh * 16 : kvh * 16 + 16]
            pinv = rows @ torch.linalg.pinv(write, rtol=1e-3)
            pinv = pinv / pinv.norm(dim=1, keepdim=True)
            k1[kvh * hd : (kvh + 1) * hd] *= 0.3
            k1[kvh * hd + hd - 16 : (kvh + 1) * hd] = 2.0 * pinv
            r = kvh * group * hd
            q1[r : r + hd] *= 0.3
            q1[r + hd - 16 : r + hd] = 2.0 * rows
            # and says the token it looks at: out as it came in
            o1[:, r : r + hd] = v1[kvh * hd : (kvh + 1) * hd].T

    def forward(self, ids, cos, sin):  # ids [B, T] -> logits [B, T, vocab]
        c, w = self.c, self.w
        B, T = ids.shape
        H, K, hd = c["head_count"], c["head_count_kv"], c["head_dim"]
        x = w["token_embd"][ids]
        for l in range(c["block_count"]):
            g = lambda name: w[f"blk_{l}_{name}"]
            h = F.rms_norm(x, (x.shape[-1],), g("attn_norm"), EPS)
            q = rotate(F.linear(h, g("attn_q")).view(B, T, H, hd), cos, sin)
            k = rotate(F.linear(h, g("attn_k")).view(B, T, K, hd), cos, sin)
            v = F.linear(h, g("attn_v")).view(B, T, K, hd)
            k, v = (t.transpose(1, 2).repeat_interleave(H // K, 1) for t in (k, v))
            a = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, is_causal=True)
            x = x + F.linear(a.transpose(1, 2).reshape(B, T, H * hd), g("attn_output"))
            h = F.rms_norm(x, (x.shape[-1],), g("ffn_norm"), EPS)
            x = x + F.linear(F.silu(F.linear(h, g("ffn_gate"))) * F.linear(h, g("ffn_up")), g("ffn_down"))
        return F.linear(F.rms_norm(x, (x.shape[-1],), w["output_norm"], EPS), w["token_embd"])


def rotate(x, cos, sin):  # x [B, T, heads, hd], adjacent pairs
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


def angles(c, T):
    hd = c["head_dim"]
    a = torch.arange(T)[:, None] * c["rope_freq_base"] ** (-torch.arange(0, hd, 2) / hd)
    return a.cos()[:, None, :], a.sin()[:, None, :]  # [T, 1, hd/2]


class Rows:
    """Reads rows from the generator, which writes them as long as somebody reads."""

    def __init__(self, program, length, mix, start, count=0):
        self.n = length + 1
        self.p = subprocess.Popen([program, "rows", "-length", str(length), "-mix", mix, "-from", str(start), "-count", str(count)],
                                  stdout=subprocess.PIPE, bufsize=1 << 20)

    def read(self, rows):  # -> ids [rows, n] int64, weights [rows, n] uint8
        raw = np.frombuffer(self.p.stdout.read(rows * self.n * 3), np.uint8).reshape(rows, self.n * 3)
        ids = np.ascontiguousarray(raw[:, : 2 * self.n]).view(np.uint16).astype(np.int64)
        return torch.from_numpy(ids), torch.from_numpy(raw[:, 2 * self.n :].copy())

    def close(self):
        self.p.stdout.close()
        self.p.terminate()
        self.p.wait()


class Muon:
    """Momentum, made orthogonal by a Newton-Schulz iteration (Jordan et al., 2024), for the matrices of the blocks."""

    def __init__(self, params):
        self.params = params
        self.buf = [torch.zeros_like(p) for p in params]

    @torch.no_grad()
    def step(self, lr, momentum, decay):
        for p, m in zip(self.params, self.buf):
            m.lerp_(p.grad, 1 - momentum)
            g = p.grad.lerp(m, momentum)
            wide = g.shape[0] > g.shape[1]
            x = g.T if wide else g
            x = x / (x.norm() + 1e-7)
            for _ in range(5):
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
            p.mul_(1 - lr * decay)
            p.add_(x.T if wide else x, alpha=-lr * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def watch(model, program, length, mix, rows):
    """Loss of text and copies, and answers wholly right, on rows that training never sees."""
    r = Rows(program, length, mix, VALIDATION, rows)
    ids, weights = r.read(rows)
    r.close()
    cos, sin = angles(model.c, length)
    sums = {}
    with torch.no_grad():
        for i in range(0, rows, 16):
            x, w = ids[i : i + 16], weights[i : i + 16, 1:]
            y = x[:, 1:]
            logits = model(x[:, :-1], cos, sin)
            loss = F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view_as(y)
            right = logits.argmax(-1) == y
            for name, k in (("text", 20), ("copy", W_COPY), ("line", W_LINE), ("answer", W_ANSWER)):
                m = w == k if k < W_ANSWER else w >= k
                s = sums.setdefault(name, [0.0, 0])
                s[0] += loss[m].sum().item()
                s[1] += m.sum().item()
            for b in range(x.shape[0]):
                for k, name in ((W_LINE, "lines"), (W_ANSWER, "codes")):
                    run = []
                    for t in range(length):
                        ours = w[b, t] == k if k < W_ANSWER else w[b, t] >= k
                        if ours:
                            run.append(t)
                        if run and (not ours or y[b, t] == 1):
                            if y[b, run[-1]] == 1:
                                kind = name if k == W_LINE else "codes" if len(run) > 2 else "nones"
                                s = sums.setdefault(kind, [0, 0])
                                s[0] += int(right[b, run].all())
                                s[1] += 1
                            run = []
    return {k: v[0] / max(v[1], 1) for k, v in sums.items()}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--rows", default="./rows")
    a.add_argument("--out", required=True)
    a.add_argument("--stages", required=True)
    a.add_argument("--start", help="checkpoint to begin from, with its optimiser's state, at step 0 of these stages")
    a.add_argument("--lr", type=float, default=0.01, help="of Muon; Adam has a third")
    a.add_argument("--cooldown", type=float, default=0.0, help="share of the steps at the end in which the rate falls to 0")
    a.add_argument("--warmup", type=int, default=100)
    a.add_argument("--layers", type=int, default=5)
    a.add_argument("--width", type=int, default=192)
    a.add_argument("--heads", type=int, default=6)
    a.add_argument("--kv", type=int, default=3)
    a.add_argument("--ffn", type=int, default=384)
    a.add_argument("--no-seed", action="store_true", help="a random start, without the seeded copying circuit")
    a.add_argument("--stop", type=int, default=0, help="end after so many steps, with a checkpoint")
    a.add_argument("--save", type=int, default=250)
    a.add_argument("--watch", type=int, default=100)
    a.add_argument("--threads", type=int, default=2)
    o = a.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    os.makedirs(o.out, exist_ok=True)
    vocab = json.loads(subprocess.check_output([o.rows, "vocab"]))
    c = dict(vocab=len(vocab["Tokens"]), embedding_length=o.width, block_count=o.layers, head_count=o.heads,
             head_count_kv=o.kv, head_dim=32, feed_forward_length=o.ffn, context_length=512, rope_freq_base=10000.0,
             seeded=not o.no_seed)
    model = Model(c)
    named = dict(model.w.named_parameters())
    matrices = [p for n, p in named.items() if p.ndim == 2 and n != "token_embd"]
    rest = [p for n, p in named.items() if p.ndim != 2 or n == "token_embd"]
    muon, adam = Muon(matrices), torch.optim.Adam(rest, lr=0, betas=(0.9, 0.98))
    print(json.dumps(dict(config=c, parameters=sum(p.numel() for p in named.values()))), flush=True)
    stages = [[*map(int, s.split(":")[:3]), *(s.split(":")[3:] or ["first"])] for s in o.stages.split(",")]
    total = sum(s[2] for s in stages)
    step, row, seen, spent = 0, 0, 0, 0.0
    history = []  # [length, rows, steps] of what was really done, of earlier runs too

    def save(path):
        save_file({n: p.detach().contiguous() for n, p in named.items()}, path + ".tmp",
                  {"config": json.dumps(c), "stages": ",".join(":".join(map(str, h)) for h in history), "tokens": str(seen), "rows": str(row), "seconds": f"{spent:.0f}"})
        os.replace(path + ".tmp", path)
        torch.save(dict(step=step, row=row, seen=seen, spent=spent, history=history, muon=muon.buf, adam=adam.state_dict()), path + ".opt.tmp")
        os.replace(path + ".opt.tmp", path + ".opt")

    last = os.path.join(o.out, "last.safetensors")
    begin = last if os.path.exists(last) else o.start
    if begin:
        with torch.no_grad():
            for n, v in load_file(begin).items():
                named[n].copy_(v)
        s = torch.load(begin + ".opt")
        row, seen, spent, history = s["row"], s["seen"], s["spent"], s["history"]
        muon.buf = s["muon"]
        adam.load_state_dict(s["adam"])
        if begin == last:
            step = s["step"]
    log = open(os.path.join(o.out, "log.jsonl"), "a")
    passed = 0
    for length, rows, steps, mix in stages:
        passed += steps
        if step >= passed:
            continue
        source = Rows(o.rows, length, mix, row)
        cos, sin = angles(c, length)
        clock, since = time.time(), 0
        while step < passed:
            t0 = time.time()
            ids, weights = source.read(rows)
            w = weights[:, 1:].float() / WEIGHT_UNIT
            loss = F.cross_entropy(model(ids[:, :-1], cos, sin).flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
            loss = (loss * w.flatten()).sum() / w.sum()
            loss.backward()
            rate = min(1, (step + 1) / o.warmup)
            if o.cooldown:
                rate *= min(1, (total - step) / (o.cooldown * total))
            torch.nn.utils.clip_grad_norm_(rest, 1.0)
            muon.step(o.lr * rate, 0.95, 0.01)
            for gr in adam.param_groups:
                gr["lr"] = o.lr * rate / 3
            adam.step()
            for p in named.values():
                p.grad = None
            if not history or history[-1][:2] + history[-1][3:] != [length, rows, mix]:
                history.append([length, rows, 0, mix])
            history[-1][2] += 1
            step, row, seen, since = step + 1, row + rows, seen + rows * length, since + rows * length
            spent += time.time() - t0
            if step % o.watch == 0 or step == total:
                v = watch(model, o.rows, length, mix, 128 * 128 // length)
                v.update(step=step, length=length, tokens=seen, seconds=round(spent), loss=loss.item(),
                         rate=round(since / (time.time() - clock)))
                clock, since = time.time(), 0
                print(" ".join(f"{k} {x:.3f}" if isinstance(x, float) else f"{k} {x}" for k, x in v.items()), flush=True)
                log.write(json.dumps(v) + "\n")
                log.flush()
            if step % o.save == 0 or step in (passed, o.stop):
                save(last)
            if step == o.stop:
                source.close()
                return
        source.close()
    save(last)


main()
