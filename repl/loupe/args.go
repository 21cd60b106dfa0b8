package main

import "strings"

// longSpelling maps llama.cpp's short flags of more than one letter, which the
// flag parser would take for several flags, to their long names.
var longSpelling = map[string]string{
	"-ctk": "--cache-type-k",
	"-ctv": "--cache-type-v",
	"-fa":  "--flash-attn",
	"-ub":  "--ubatch-size",
	"-tb":  "--threads-batch",
	"-jf":  "--json-schema-file",
}

// benchSpelling is the same for those that `bench` alone has.
var benchSpelling = map[string]string{
	"-pg": "--pg",
	"-oe": "--output-err",
}

// spellOut rewrites those flags. It leaves alone what follows -- and what
// follows the file of `run`, which are the program's own arguments.
func spellOut(args []string) []string {
	out := make([]string, 0, len(args))
	running := false
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" || running && !strings.HasPrefix(a, "-") {
			return append(out, args[i:]...)
		}
		running = running || a == "run" && len(out) == 0
		name, value, hasValue := strings.Cut(a, "=")
		long, ok := longSpelling[name]
		if !ok && len(out) > 0 && out[0] == "bench" {
			long, ok = benchSpelling[name]
		}
		switch {
		case !ok:
			out = append(out, a)
		case hasValue:
			out = append(out, long+"="+value)
		case i+1 < len(args) && (long != "--flash-attn" || !strings.HasPrefix(args[i+1], "-")):
			// As one word, so that a value never looks like a flag.
			i++
			out = append(out, long+"="+args[i])
		case long == "--flash-attn":
			out = append(out, long+"=on") // llama.cpp's older -fa had no value
		default:
			out = append(out, long)
		}
	}
	return out
}
