// Writes what llama.cpp makes of the lesson model under several RoPE settings, for
// golden.json beside this file: for each, the first logits after some of the tokens of
// a fixed sequence.
//
//     g++ -O2 llama.cpp -I LLAMA/include -I LLAMA/ggml/include -L LLAMA/build/bin -lllama -lggml -lggml-base -o rope
//     loupe quantize lesson lesson-f32.gguf F32 --allow-requantize  # llama.cpp rounds activations for q8_0
//     ./rope lesson-f32.gguf > golden.json
//
// LLAMA is vendor/llama.cpp of the sdist llama-cpp-python==0.3.36, built with cmake.
#include "llama.h"

#include <cstdio>
#include <vector>

struct setting {
    const char * name;
    llama_rope_scaling_type type;
    float base, scale, ext, fast, slow;
    int orig;
};

// 0 and -1 are llama.cpp's "as the model says".
static const setting settings[] = {
    {"none",   LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED, 0,     0,      -1,   -1, -1, 0},
    {"base",   LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED, 50000, 0,      -1,   -1, -1, 0},
    {"linear", LLAMA_ROPE_SCALING_TYPE_LINEAR,      0,     0.5f,   -1,   -1, -1, 0},
    {"yarn",   LLAMA_ROPE_SCALING_TYPE_YARN,        0,     0.25f,  -1,   -1, -1, 0},
    {"parts",  LLAMA_ROPE_SCALING_TYPE_YARN,        20000, 0.5f,   0.7f, 16, 2,  256},
    {"shrink", LLAMA_ROPE_SCALING_TYPE_YARN,        0,     1.5f,   -1,   -1, -1, 0},
};

int main(int argc, char ** argv) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    llama_model * model = llama_model_load_from_file(argc > 1 ? argv[1] : "lesson.gguf", llama_model_default_params());
    if (!model) { fprintf(stderr, "rope: the model does not load\n"); return 1; }
    const int n = 900, show = 8;
    std::vector<llama_token> ids(n);
    for (int i = 0; i < n; i++) ids[i] = 100 + i * i % 389;
    printf("{");
    bool first = true;
    for (const setting & s : settings) {
        llama_context_params p = llama_context_default_params();
        p.n_ctx = 1024; p.n_batch = 1024; p.n_ubatch = 1024; p.n_threads = p.n_threads_batch = 2;
        p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        p.type_k = p.type_v = GGML_TYPE_F32;
        p.rope_scaling_type = s.type; p.rope_freq_base = s.base; p.rope_freq_scale = s.scale;
        p.yarn_ext_factor = s.ext;
        if (s.fast > 0) { p.yarn_beta_fast = s.fast; p.yarn_beta_slow = s.slow; }
        p.yarn_orig_ctx = s.orig;
        llama_context * ctx = llama_init_from_model(model, p);
        llama_batch batch = llama_batch_init(n, 0, 1);
        for (int i = 0; i < n; i++) {
            batch.token[i] = ids[i]; batch.pos[i] = i; batch.n_seq_id[i] = 1; batch.seq_id[i][0] = 0;
            batch.logits[i] = i % 100 == 99;
        }
        batch.n_tokens = n;
        if (llama_decode(ctx, batch) != 0) { fprintf(stderr, "rope: decode failed\n"); return 1; }
        printf("%s\n \"%s\": [", first ? "" : ",", s.name);
        first = false;
        for (int i = 99; i < n; i += 100) {
            const float * logits = llama_get_logits_ith(ctx, i);
            printf("%s[", i > 99 ? ",\n  " : "");
            for (int k = 0; k < show; k++) printf("%s%.6f", k ? ", " : "", logits[k * 37]);
            printf("]");
        }
        printf("]");
        llama_batch_free(batch);
        llama_free(ctx);
    }
    printf("\n}\n");
    llama_model_free(model);
}
