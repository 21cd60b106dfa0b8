"""Makes golden.json: checksums of the tensors that llama.cpp's quantiser writes.

    go test ./engine/quantize -run LlamaCpp -models DIR    # writes the models
    python3 golden.py LIBRARIES DIR > golden.json

LIBRARIES is the folder with libllama.so and libggml*.so of a llama.cpp build (the
sdist of llama-cpp-python 0.3.36 has its sources), DIR the folder of the models. The
reader below knows as much of GGUF as these files need.
"""
import ctypes as C, hashlib, json, os, struct, sys

TYPES = dict(F32=0, F16=1, BF16=32, Q8_0=7, Q6_K=18, Q5_K_M=17, Q5_K_S=16, Q5_1=9, Q5_0=8, Q4_K_M=15, Q4_K_S=14,
             Q4_1=3, Q4_0=2, IQ4_NL=25, IQ4_XS=30, MXFP4=38, Q3_K_L=13, Q3_K_M=12, Q3_K_S=11, Q2_K=10)
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
          11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 20: (32, 18), 23: (256, 136), 30: (1, 2), 39: (32, 17)}


class Params(C.Structure):
    """llama_model_quantize_params of include/llama.h"""
    _fields_ = [("nthread", C.c_int32), ("ftype", C.c_int), ("output_tensor_type", C.c_int), ("token_embedding_type", C.c_int),
                ("allow_requantize", C.c_bool), ("quantize_output_tensor", C.c_bool), ("only_copy", C.c_bool), ("pure", C.c_bool),
                ("keep_split", C.c_bool), ("dry_run", C.c_bool), ("imatrix", C.c_void_p), ("kv_overrides", C.c_void_p),
                ("tt_overrides", C.c_void_p), ("prune_layers", C.c_void_p), ("max_buf_size", C.c_size_t)]


class Override(C.Structure):
    """llama_model_tensor_override: a pattern of names, and the type for them"""
    _fields_ = [("pattern", C.c_char_p), ("type", C.c_int)]


# llama.cpp gives MXFP4 to experts alone, unless it is told to: here layers have it.
LAYERS_MXFP4 = (Override * 2)(Override(rb"^blk\.", 39), Override(None, 42))


class Reader:
    def __init__(self, path):
        self.data, self.at = open(path, "rb").read(), 0

    def num(self, fmt):
        v = struct.unpack_from("<" + fmt, self.data, self.at)[0]
        self.at += struct.calcsize(fmt)
        return v

    def text(self):
        n = self.num("Q")
        self.at += n
        return self.data[self.at - n:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            kind, n = self.num("I"), self.num("Q")
            return [self.value(kind) for _ in range(n)]
        return self.num("BbHhIifBxxQqd"[kind])

    def tensors(self):
        assert self.data[:4] == b"GGUF"
        self.at = 8
        n, meta = self.num("Q"), self.num("Q")
        for _ in range(meta):
            self.text()
            self.value(self.num("I"))
        found = []
        for _ in range(n):
            name = self.text()
            shape = [self.num("Q") for _ in range(self.num("I"))]
            kind, offset = self.num("I"), self.num("Q")
            elements, size = BLOCKS[kind]
            count = 1
            for d in shape:
                count *= d
            found.append((name, kind, offset, count // elements * size))
        base = (self.at + 31) // 32 * 32
        return [(name, kind, self.data[base + o:base + o + size]) for name, kind, o, size in sorted(found)]


def main(libraries, models):
    for name in ("libggml-base.so", "libggml-cpu.so", "libggml.so"):
        C.CDLL(os.path.join(libraries, name), mode=C.RTLD_GLOBAL)
    lib = C.CDLL(os.path.join(libraries, "libllama.so"))
    lib.llama_model_quantize_default_params.restype = Params
    lib.llama_model_quantize.argtypes = [C.c_char_p, C.c_char_p, C.POINTER(Params)]
    lib.llama_backend_init()
    golden = {}
    for model in ("tied", "untied", "fused", "wide", "odd"):
        golden[model] = {}
        for name, ftype in TYPES.items():
            for pure in (False, True):
                p = lib.llama_model_quantize_default_params()
                p.nthread, p.ftype, p.pure = 1, ftype, pure
                if name == "MXFP4" and not pure:
                    p.tt_overrides = C.cast(LAYERS_MXFP4, C.c_void_p)
                out = os.path.join(models, "out.gguf")
                if lib.llama_model_quantize(os.path.join(models, model + ".gguf").encode(), out.encode(), C.byref(p)):
                    sys.exit(f"{model} {name}: llama.cpp failed")
                h = hashlib.sha256()
                for tensor, kind, data in Reader(out).tensors():
                    h.update(f"{tensor} {kind} {len(data)}\n".encode())
                    h.update(data)
                golden[model][name + (" pure" if pure else "")] = h.hexdigest()
    json.dump(golden, sys.stdout, indent=1)
    print()


main(*sys.argv[1:])
