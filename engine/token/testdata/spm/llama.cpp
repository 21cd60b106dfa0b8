// Writes ids that llama.cpp gives with the SentencePiece vocabularies of its own
// sources, for golden.json: text as hex, ids without special tokens, and with them
// and BOS.
//
//     g++ -O2 llama.cpp -I LLAMA/include -I LLAMA/ggml/include -L LLAMA/build/bin -lllama -lggml -lggml-base -o golden
//     ./golden LLAMA/models > golden.json
//
// LLAMA is vendor/llama.cpp of the sdist llama-cpp-python==0.3.36, built with cmake.
#include "llama.h"

#include <cstdio>
#include <string>
#include <vector>

static const std::string texts[] = {
    "", " ", "  ", "\n", "Hello", " Hello", "Hello <s> world</s> again", "<s>Hello", "<s> Hello", "a<unk>b",
    "[INST] Hi! [/INST] Good</s><s>[INST]x[/INST]", "<|user|>\n \tHello<|end|>\n<|assistant|>\n", "<|user|> <|end|>  <|assistant|>x",
    "<|endoftext|>\n y", "\xe2\x96\x81mark\xe2\x96\x81", "<0x41><0x0A>", "\xff\xfe", "a\xc3", "\xc3" "a", "\xf0\x9f\x9a\x80\xf0\x9f", "\xe6\x97",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87", "na\xc3\xafve caf\xc3\xa9 \xc2\xa0x", "    if (x == 1) {\n\treturn;\n}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "1234567890 3.14159", "\x01\x02\x7f", "The quick brown fox jumps over the lazy dog. The quick brown fox!",
};

int main(int, char ** argv) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    printf("{\"reference\": \"llama.cpp 0c1e57098 (2026-10-01), libllama, CPU\", \"vocabularies\": [");
    const char * comma = "";
    for (const char * name : {"llama-spm", "phi-3", "baichuan"}) {
        llama_model_params p = llama_model_default_params();
        p.vocab_only = true;
        const std::string path = std::string(argv[1]) + "/ggml-vocab-" + name + ".gguf";
        llama_model * model = llama_model_load_from_file(path.c_str(), p);
        if (!model) { fprintf(stderr, "golden: %s does not load\n", path.c_str()); return 1; }
        const llama_vocab * vocab = llama_model_get_vocab(model);
        printf("%s\n{\"name\": \"%s\", \"eog\": [", comma, name);
        comma = ",";
        const char * sep = "";
        for (int id = 0; id < llama_vocab_n_tokens(vocab); id++) {
            if (llama_vocab_is_eog(vocab, id)) { printf("%s%d", sep, id); sep = ", "; }
        }
        printf("], \"cases\": [");
        const char * sep2 = "";
        for (const std::string & text : texts) {
            printf("%s\n{\"hex\": \"", sep2);
            sep2 = ",";
            for (unsigned char c : text) printf("%02x", c);
            printf("\"");
            for (bool special : {false, true}) {
                std::vector<llama_token> ids(text.size() + 8);
                ids.resize(llama_tokenize(vocab, text.data(), text.size(), ids.data(), ids.size(), special, special));
                printf(", \"%s\": [", special ? "special" : "plain");
                for (size_t i = 0; i < ids.size(); i++) printf("%s%d", i ? ", " : "", ids[i]);
                printf("]");
            }
            printf("}");
        }
        printf("]}");
        llama_model_free(model);
    }
    printf("]}\n");
}
