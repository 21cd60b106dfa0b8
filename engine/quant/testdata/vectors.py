#!/usr/bin/env python3
"""Makes vectors.json.gz: what ggml itself encodes and decodes.

    python3 vectors.py path/to/libggml-base.so > vectors.json.gz

The library is a build of llama.cpp (target ggml-base) for baseline x86-64, so
that no product and sum are fused. Python's standard library is all it needs.

Values come in rows of 256. The rows of edge cases stand in the file with every
byte that ggml makes of them. The random rows do not: both sides derive them from
SHA-256 (see noise and normal below, and their like in vectors_test.go), and the
file has a CRC-32 per row of what ggml encodes and decodes, and per row of what
it decodes from arbitrary bytes, every NaN taken as 0x7fc00000.

Where no value of an iq4_nl block reaches 1e-15, ggml writes the scale 0 and, for
the codes, what its memory held before. They are taken as 8 here.
"""
import base64, ctypes, gzip, hashlib, json, struct, sys, zlib

ROW, RANDOM = 256, 256
TYPES = {  # name: elements and bytes of a block
    "q8_0": (32, 34), "q5_1": (32, 24), "q5_0": (32, 22), "q4_1": (32, 20), "q4_0": (32, 18),
    "iq4_nl": (32, 18), "mxfp4": (32, 17), "iq4_xs": (256, 136),
    "q2_K": (256, 84), "q3_K": (256, 110), "q4_K": (256, 144), "q5_K": (256, 176), "q6_K": (256, 210),
}


def noise(label, n):
    """n bytes: the SHA-256 of "label 0", then that of "label 1", and so on."""
    out = b""
    for i in range((n + 31) // 32):
        out += hashlib.sha256(f"{label} {i}".encode()).digest()
    return out[:n]


def normal(label):
    """A row of about normal values: the sum of four 16-bit numbers for each,
    centred, times 2^-16, times a power of two of the row's own. All is exact."""
    b = noise(label, 8 * ROW + 1)
    scale = 2.0 ** (b[-1] % 24 - 16 - 16)
    return [(sum(struct.unpack_from("<4H", b, 8 * i)) - 2 * 65535) * scale for i in range(ROW)]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def edges():
    n = normal("edge")
    peak = max(abs(v) for v in n)
    n = [f32(v / peak) for v in n]  # within -1 to 1
    one = lambda at, v, rest: [v if i == at else r for i, r in enumerate(rest)]
    zero = [0.0] * ROW
    sub = lambda f: [f(i // 16, i % 16) for i in range(ROW)]  # by 16 elements
    rows = [
        zero, [-0.0] * ROW, [0.0 if i % 2 else -0.0 for i in range(ROW)],
        [1.0] * ROW, [-1.0] * ROW, [0.3] * ROW, [-0.7] * ROW,
        [1.0 if i % 2 else -1.0 for i in range(ROW)], [-1.0 if i % 2 else 1.0 for i in range(ROW)],
        one(0, 5.0, zero), one(255, -5.0, zero), one(100, 1e-3, zero), one(17, -3e4, zero),
        one(40, 1000.0, n), one(41, -1000.0, n), one(0, 3e4, n), one(16, 6e4, [v / 64 for v in n]),
        [abs(v) for v in n], [-abs(v) for v in n], [abs(v) + 10 for v in n], [-abs(v) - 10 for v in n],
        [i / 128 - 1 for i in range(ROW)], [1 - i / 128 for i in range(ROW)],
        [i % 32 - 15.5 for i in range(ROW)], [(i % 32 - 16) / 2 for i in range(ROW)],
        [(i * 37 % 256 - 128) / 4 for i in range(ROW)], [(i * 73 % 64 - 32) / 8 for i in range(ROW)],
        [2.0 ** (i % 40 - 30) for i in range(ROW)], [-(3.0 ** (i % 20 - 10)) for i in range(ROW)],
        sub(lambda b, i: n[16 * b + i] if b % 2 else 0.0), sub(lambda b, i: n[16 * b + i] if b // 2 % 2 else 0.0),
        sub(lambda b, i: n[16 * b + i] * 4.0 ** (b - 8)), sub(lambda b, i: n[16 * b + i] * 4.0 ** (8 - b)),
        sub(lambda b, i: n[16 * b + i] * (b - 7.5)), sub(lambda b, i: float(b)), sub(lambda b, i: -float(b) if i else 0.0),
        sub(lambda b, i: (-1.0) ** b), sub(lambda b, i: n[16 * b + i] + (b - 8)),
    ]
    for scale in (1e4, 300.0, 1e-2, 1e-4, 3e-6, 1e-6, 2e-7, 6e-8, 1e-10, 1e-14, 2e-15, 1e-15, 1e-20, 1e-30, 2e-37, 1e-38, 1e-40, 3e-45):
        rows.append([v * scale for v in n])
    for power in (-20, -8, 0, 1, 8, 14):  # just under a power of two, and on it
        rows.append(one(9, struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", 2.0**power))[0] - 1))[0], [v * 2.0 ** (power - 1) for v in n]))
        rows.append(one(9, -(2.0**power), [v * 2.0 ** (power - 1) for v in n]))
    return [[f32(v) for v in r] for r in rows]


def huge():
    """Rows near the greatest float32, which mxfp4 alone can hold."""
    n = edges()[17]  # positive, within 1
    top = struct.unpack("<f", struct.pack("<I", 0x7F7FFFFF))[0]
    return [[f32(v * top) for v in n], [f32(-v * top / 2) for v in n], [f32(v * top * (1 - 2.0**-18)) for v in n]]


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)

    def encode(self, name, values):
        elems, size = TYPES[name]
        x = (ctypes.c_float * len(values))(*values)
        out = (ctypes.c_uint8 * (len(values) // elems * size))()
        getattr(self.lib, f"quantize_row_{name}_ref")(x, out, ctypes.c_int64(len(values)))
        if name == "iq4_nl":
            for i in range(0, len(values), elems):
                if all(abs(v) < 1e-15 for v in values[i:i + elems]):
                    out[i // elems * size + 2:(i // elems + 1) * size] = [0x88] * 16
        return bytes(out)

    def decode(self, name, data):
        elems, size = TYPES[name]
        n = len(data) // size * elems
        out = (ctypes.c_float * n)()
        getattr(self.lib, f"dequantize_row_{name}")(data, out, ctypes.c_int64(n))
        return bytes(out)

    def f16(self, values):
        x = (ctypes.c_float * len(values))(*values)
        out = (ctypes.c_uint16 * len(values))()
        self.lib.ggml_fp32_to_fp16_row(x, out, ctypes.c_int64(len(values)))
        return bytes(out)


def crc(data):
    return struct.pack("<I", zlib.crc32(data))


def plain(floats):
    """The bytes of floats with every NaN the same."""
    words = struct.unpack(f"<{len(floats) // 4}I", floats)
    return struct.pack(f"<{len(words)}I", *(0x7FC00000 if w & 0x7FFFFFFF > 0x7F800000 else w for w in words))


def b64(data):
    return base64.b64encode(data).decode()


def main():
    lib = Library(sys.argv[1])
    edge = edges()
    random = [normal(f"values {i}") for i in range(RANDOM)]
    flat = [v for r in edge for v in r]
    big = [v for r in huge() for v in r]
    types = {"f16": {"encoded": b64(lib.f16(flat)), "random_encoded": b64(b"".join(crc(lib.f16(r)) for r in random))}}
    for name, (elems, size) in TYPES.items():
        encoded = lib.encode(name, flat)
        rows = [lib.encode(name, r) for r in random]
        noises = [noise(f"bytes {name} {i}", ROW // elems * size) for i in range(RANDOM)]
        types[name] = {
            "encoded": b64(encoded),
            "decoded": b64(crc(plain(lib.decode(name, encoded)))),
            "random_encoded": b64(b"".join(map(crc, rows))),
            "random_decoded": b64(b"".join(crc(plain(lib.decode(name, r))) for r in rows)),
            "noise_decoded": b64(b"".join(crc(plain(lib.decode(name, b))) for b in noises)),
        }
    types["mxfp4"]["huge_encoded"] = b64(lib.encode("mxfp4", big))
    text = json.dumps({
        "about": "made by vectors.py with ggml of llama.cpp 0c1e57098 (quantize_row_*_ref, dequantize_row_*), GCC 12.2 -O3 for baseline x86-64; base64, little-endian",
        "values": b64(struct.pack(f"<{len(flat)}f", *flat)),
        "huge": b64(struct.pack(f"<{len(big)}f", *big)),
        "types": types,
    }, indent=1) + "\n"
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))


main()
