// Writes the ids that llama.cpp gives of texts under every pre-tokenizer, for
// ../splits.json.
//
//     go test ./engine/token -run TestSplits -splits DIR      # writes DIR
//     g++ -O2 llama.cpp -I LLAMA/include -I LLAMA/ggml/include -L LLAMA/build/bin -lllama -lggml -lggml-base -o golden
//     ./golden DIR > DIR/groups
//     go test ./engine/token -run TestSplits -splits DIR      # reads DIR/groups, writes splits.json
//
// LLAMA is vendor/llama.cpp of the sdist llama-cpp-python==0.3.36, built with cmake.
// Each line of the output is a name, whether BOS is added, and for each text the ids
// without special tokens and with them and BOS.
#include "llama.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

int main(int, char ** argv) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    const std::string dir = argv[1];
    std::vector<std::string> texts;
    std::ifstream in(dir + "/texts");
    for (std::string line; std::getline(in, line);) {
        std::string text;
        for (size_t i = 0; i + 1 < line.size(); i += 2) text += (char) std::stoi(line.substr(i, 2), nullptr, 16);
        texts.push_back(text);
    }
    std::ifstream names(dir + "/names");
    for (std::string name; std::getline(names, name);) {
        llama_model_params p = llama_model_default_params();
        p.vocab_only = true;
        llama_model * model = llama_model_load_from_file((dir + "/" + name + ".gguf").c_str(), p);
        if (!model) { fprintf(stderr, "golden: %s does not load\n", name.c_str()); return 1; }
        const llama_vocab * vocab = llama_model_get_vocab(model);
        printf("{\"name\":\"%s\",\"add_bos\":%s", name.c_str(), llama_vocab_get_add_bos(vocab) ? "true" : "false");
        for (bool special : {false, true}) {
            printf(",\"%s\":[", special ? "special_and_bos" : "plain");
            const char * comma = "";
            for (const std::string & text : texts) {
                std::vector<llama_token> ids(text.size() + 8);
                ids.resize(llama_tokenize(vocab, text.data(), text.size(), ids.data(), ids.size(), special, special));
                printf("%s[", comma);
                comma = ",";
                for (size_t i = 0; i < ids.size(); i++) printf("%s%d", i ? "," : "", ids[i]);
                printf("]");
            }
            printf("]");
        }
        printf("}\n");
        llama_model_free(model);
    }
}
