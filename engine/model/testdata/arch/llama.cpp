// Writes the logits that llama.cpp gives of the small random models of
// ../../smalls_test.go, for golden.json: f32 activations and K/V, and of every seventh
// position and the last the logits of every ninth token, from the position's remainder on.
//
//     go test ./engine/model -run 'TestArchitectures$' -archs DIR
//     g++ -O2 llama.cpp -I LLAMA/include -I LLAMA/ggml/include -L LLAMA/build/bin -lllama -lggml -lggml-base -o golden
//     ./golden DIR > golden.json
//
// LLAMA is vendor/llama.cpp of the sdist llama-cpp-python==0.3.36, built with cmake.
// DIR/list has a line for each model: its name, the context to load it with, the
// sha256 of its file, and the tokens to read.
#include "llama.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

int main(int, char ** argv) {
    llama_log_set([](ggml_log_level level, const char * text, void *) { if (level >= GGML_LOG_LEVEL_ERROR) fputs(text, stderr); }, nullptr);
    llama_backend_init();
    const std::string dir = argv[1];
    std::ifstream list(dir + "/list");
    printf("{\"reference\": \"llama.cpp 0c1e57098 (2026-10-01), libllama, CPU, f32 K/V, flash attention off\", \"cases\": [");
    const char * comma = "";
    for (std::string line; std::getline(list, line);) {
        std::istringstream fields(line);
        std::string name, sum;
        int n_ctx;
        fields >> name >> n_ctx >> sum;
        std::vector<llama_token> ids;
        for (int id; fields >> id;) ids.push_back(id);
        llama_model * model = llama_model_load_from_file((dir + "/" + name + ".gguf").c_str(), llama_model_default_params());
        if (!model) { fprintf(stderr, "golden: %s does not load\n", name.c_str()); return 1; }
        llama_context_params p = llama_context_default_params();
        p.n_ctx = n_ctx; p.n_batch = p.n_ubatch = 512; p.n_threads = p.n_threads_batch = 1;
        p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
        p.type_k = p.type_v = GGML_TYPE_F32;
        llama_context * ctx = llama_init_from_model(model, p);
        llama_batch batch = llama_batch_init(ids.size(), 0, 1);
        for (size_t i = 0; i < ids.size(); i++) {
            batch.token[i] = ids[i]; batch.pos[i] = i; batch.n_seq_id[i] = 1; batch.seq_id[i][0] = 0; batch.logits[i] = 1;
        }
        batch.n_tokens = ids.size();
        if (llama_decode(ctx, batch)) { fprintf(stderr, "golden: %s does not run\n", name.c_str()); return 1; }
        const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
        printf("%s\n{\"name\": \"%s\", \"sha256\": \"%s\", \"positions\": [", comma, name.c_str(), sum.c_str());
        comma = ",";
        const char * sep = "";
        for (size_t pos = 0; pos < ids.size(); pos++) {
            if (pos % 7 && pos + 1 != ids.size()) continue;
            printf("%s\n{\"pos\": %zu, \"logits\": [", sep, pos);
            sep = ",";
            const float * logits = llama_get_logits_ith(ctx, pos);
            for (int i = pos % 9; i < n_vocab; i += 9) printf("%s%.6g", i < 9 ? "" : ",", logits[i]);
            printf("]}");
        }
        printf("]}");
        llama_batch_free(batch);
        llama_free(ctx);
        llama_model_free(model);
    }
    printf("]}\n");
}
