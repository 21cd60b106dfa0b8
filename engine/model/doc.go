// Package model holds the architectures: what to compute, in the order of the
// paper, with the words of llama.cpp for tensors and metadata.
//
// Config comes from the metadata of a GGUF file, Weights bind its tensors, and
// one file per architecture spells out the forward pass (llama.go, gemma3.go), or
// what it adds to another's (qwen2.go, phi3.go, gemma2.go). Everything that is not
// the architecture lies elsewhere: arithmetic in ops, keys and values in kvcache,
// named points for onlookers in observe.
//
// A Pass owns every buffer that a forward pass needs, sized for one physical
// batch, so that nothing is allocated per token.
//
// What does not run: mixtures of experts, encoders, recurrent layers, several
// modalities. Architectures lists what does, and the error for another names it.
//
// # To add an architecture
//
// Read llama.cpp's file of the same name (src/models/NAME.cpp) and the paper. How files
// spell the keys and tensors that it names is in src/llama-arch.cpp. Then, for one that
// is called NAME in general.architecture:
//
//  1. The file, NAME.go. If it is llama with something added or left out, begin with
//     newLlama and change its layers: biases, norms of heads, unrotated layers,
//     halves in place of pairs, tensors that hold several weights (Weights.parts).
//     If the order of operations differs, write a layer struct with the shape of each
//     weight, a bind function and a layers function, as gemma3.go does. Its comment
//     gives the forward pass in formulas, with the paper.
//
//  2. Configuration keys. ReadConfig reads those that all have. What only this
//     architecture has is read by a function of type architecture.config: k.int and
//     k.float with the default of llama.cpp, or 0 where the key must be there;
//     k.maybe and k.optional where its absence means none; Config.window for sliding
//     windows. Say with k.fail what does not fit. A key that changes the result and
//     that is not read makes wrong answers: look for all of llama.cpp's.
//
//  3. Tensor names. Bind each with Weights.matrix (to multiply by), Weights.vector
//     (norms, biases), or Weights.want where it may be absent: they check shape and
//     type. A tensor that stays unbound is an error, so nothing is left out in
//     silence. token_embd, output_norm, output and rope_freqs are bound already.
//
//  4. The rotation. llama_model_rope_type (src/llama-model.cpp) says whether heads are
//     pairs (NORM: CPU.RopePairs) or halves (NEOX: CPU.RopeHalves).
//
//  5. The points of package observe, in layers, in their order: Q and K are shown
//     before RoPE, and what joins the residual stream is shown as it joins.
//
//  6. The table in arch.go. Take the name out of archKinds in unknown.go, and put it
//     into "What runs" of docs/commands.md.
//
//  7. The test: a model in smalls (smalls_test.go), random and small, but in true
//     proportions, with every key and tensor that the architecture can have, read
//     past its windows and its original context. The head of testdata/arch/llama.cpp
//     has the commands that write these models and llama.cpp's logits of them: the exact
//     way must be within 1e-3, in every tier of kernels, read whole or in pieces. A
//     feature that could be left out without a difference is not tested:
//     TestArchitecturesDetect names the keys and tensors that change nothing. Where
//     there is a real model small enough, compare its greedy ids, logits and perplexity
//     too.
//
// Operations that ops lacks go there, in a file of their own, with a test against
// float64. What a tokenizer needs is in package token, chat templates come with the
// file.
package model
