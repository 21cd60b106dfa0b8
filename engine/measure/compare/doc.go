// Command compare measures Loupe against llama.cpp on one model file: it runs
// llama-bench and `loupe bench` in turn, round after round, and prints a Markdown
// table of the medians with their ratio, the machine and the versions. Run it
// from within the module:
//
//	go run ./engine/measure/compare -m model.gguf -llama-bench /path/to/llama-bench
//	go run ./engine/measure/compare -m model.gguf -build llama_cpp_python-0.3.36.tar.gz
//	go run ./engine/measure/compare -m model.gguf -llama-bench llama-bench -rows 'pp512,tg128' -t 2 -ct f16 -r 1
//
// The last is a look of a minute; everything takes hours, most of them
// llama.cpp's at depth 6000. Each round runs every process once, in an order that
// turns from round to round, so that what drifts meets both sides alike. A run of
// either tool warms up, fills the cache to the depth and measures each of its
// tests once. llama.cpp runs with flash attention off and on (with a quantised V
// cache on only, as it has no other way), and the faster counts.
//
// -build unpacks the llama.cpp that the sdist of llama-cpp-python carries and
// builds llama-bench with cmake and the system's compiler, for this machine, in a
// folder of the user's cache; a second call finds it there. Get the sdist with
// `pip download --no-deps --no-binary :all: llama-cpp-python==0.3.36`. With
// LOUPE_SIMD=avx2 in the environment Loupe's kernels are held to AVX2, and llama.cpp
// is built for it, in a folder beside.
package main
