// Writes what llama.cpp makes of the lesson model, for ../../testdata/golden.json:
// the ids of each prompt, the greedy ids after it, and the five best logits of
// each step.
//
//     g++ -O2 llama.cpp -I LLAMA/include -I LLAMA/ggml/include -L LLAMA/build/bin -lllama -lggml -lggml-base -o golden
//     ./golden ../../lesson.gguf > ../../testdata/golden.json
//
// LLAMA is vendor/llama.cpp of the sdist llama-cpp-python==0.3.36, built with cmake.
#include "llama.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

static const char * prompts[] = {
    "Once there was a rabbit",
    "Once upon a time there was an owl named Pip",
    "The code of the red box is 4711. The code of the blue jar is 0815. So the code of the red box is",
    "<|user|>Tell me a story about a hedgehog.<|end|><|assistant|>",
    "<|user|>The code of the red box is 4711. Pip the fox found a silver key at the mill. The code of the blue jar is 0815. "
    "The code of the golden chest is 2029.\nWhat is the code of the blue jar?<|end|><|assistant|>",
    "<|user|>The code of the red box is 4711. Pip the fox found a silver key at the mill.\nWhat is the code of the green safe?<|end|><|assistant|>",
    "<|user|>Once there was a clever otter called Mia who lived near the bridge. At the pond Mia found a small yellow lamp. "
    "\"What a shiny lamp!\" said Otto the crow. In the end they all ate pie and soup and were glad.\nSummarise the story.<|end|><|assistant|>",
    "<|user|>Mia the otter found a yellow lamp at the pond.\nOtto the crow found a red hat at the barn.\nPut the lines together.<|end|><|assistant|>",
    "Grüße, 世界! {x := 42}",
};

int main(int argc, char ** argv) {
    const int n_predict = 100;
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    llama_model * model = llama_model_load_from_file(argc > 1 ? argv[1] : "lesson.gguf", llama_model_default_params());
    if (!model) { fprintf(stderr, "golden: the model does not load\n"); return 1; }
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const int n_vocab = llama_vocab_n_tokens(vocab);
    printf("[");
    bool first = true;
    for (const char * prompt : prompts) {
        llama_context_params p = llama_context_default_params();
        p.n_ctx = 512; p.n_batch = 512; p.n_ubatch = 512; p.n_threads = p.n_threads_batch = 2;
        p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        p.type_k = p.type_v = GGML_TYPE_F32;
        llama_context * ctx = llama_init_from_model(model, p);
        std::vector<llama_token> ids(512);
        const std::string text = prompt;
        ids.resize(llama_tokenize(vocab, text.data(), text.size(), ids.data(), ids.size(), true, true));
        std::string quoted;
        for (char c : text) {
            if (c == '"' || c == '\\') quoted += '\\';
            if (c == '\n') { quoted += "\\n"; continue; }
            quoted += c;
        }
        printf("%s\n{\"prompt\": \"%s\", \"prompt_ids\": [", first ? "" : ",", quoted.c_str());
        first = false;
        for (size_t i = 0; i < ids.size(); i++) printf("%s%d", i ? ", " : "", ids[i]);
        printf("], \"steps\": [");
        std::vector<llama_token> in = ids;
        for (int step = 0; step < n_predict; step++) {
            if (llama_decode(ctx, llama_batch_get_one(in.data(), in.size())) != 0) { fprintf(stderr, "golden: decode failed\n"); return 1; }
            const float * logits = llama_get_logits_ith(ctx, -1);
            std::vector<int> order(n_vocab);
            std::iota(order.begin(), order.end(), 0);
            std::partial_sort(order.begin(), order.begin() + 5, order.end(), [&](int a, int b) { return logits[a] > logits[b]; });
            printf("%s\n  [", step ? "," : "");
            for (int k = 0; k < 5; k++) printf("%s[%d, %.5f]", k ? ", " : "", order[k], logits[order[k]]);
            printf("]");
            if (llama_vocab_is_eog(vocab, order[0])) break;
            in = {order[0]};
        }
        printf("]}");
        llama_free(ctx);
    }
    printf("\n]\n");
    llama_model_free(model);
}
