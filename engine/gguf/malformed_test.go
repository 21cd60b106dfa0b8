package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"loupe/engine/tensor"
)

// malformed lists files that must be refused. The cases follow llama.cpp's
// tests/test-gguf.cpp, and go on from there.
func malformed() []malformedCase {
	minus1 := uint64(math.MaxUint64)
	// A tensor entry "t" of a file without metadata begins at byte 24: length 24,
	// name 32, n_dims 33, dims 37, and with one dimension type 45, offset 49.
	return []malformedCase{
		// what it begins with
		{"empty", nil, ErrTruncated, 0, "magic", "empty"},
		{"magic cut", []byte("GG"), ErrTruncated, 0, "magic", "has 2 bytes and needs 4"},
		{"magic FUGG", append([]byte("FUGG"), header(0, 0).b[4:]...), ErrNotGGUF, 0, "magic", `"FUGG"`},
		{"text", []byte("# a readme\nwith lines\n"), ErrNotGGUF, 0, "magic", "a text file"},
		{"text cut in a character", append([]byte(strings.Repeat("ab ", 21)), "é"...), ErrNotGGUF, 0, "magic", "a text file"},
		{"zip", []byte("PK\x03\x04\x14\x00\x00\x00"), ErrNotGGUF, 0, "magic", "zip archive"},
		{"gzip", []byte("\x1f\x8b\x08\x00\x00"), ErrNotGGUF, 0, "magic", "gzip"},
		{"ggjt", []byte("tjgg\x03\x00\x00\x00"), ErrNotGGUF, 0, "magic", "before GGUF"},
		{"web page", []byte("<!DOCTYPE html><html>"), ErrNotGGUF, 0, "magic", "web page"},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), ErrNotGGUF, 0, "magic", "git lfs pull"},
		{"safetensors", []byte("\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}"), ErrNotGGUF, 0, "magic", "safetensors"},
		{"binary", []byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0}, ErrNotGGUF, 0, "magic", `"\x7fELF"`},

		// header
		{"version 0", version(0), ErrVersion, 4, "version", "is 0"},
		{"version 1", version(1), ErrVersion, 4, "version", "version 1"},
		{"version 4", version(4), ErrVersion, 4, "version", "is 4; this build reads 2 and 3"},
		{"version 3 swapped", version(0x03000000), ErrByteOrder, 4, "version", "3 byte-swapped: a big-endian file; convert it"},
		{"version 4 swapped", version(0x04000000), ErrByteOrder, 4, "version", "4 byte-swapped"},
		{"n_tensors -1", header(minus1, 0).b, ErrMalformed, 8, "n_tensors", "is -1"},
		{"n_tensors huge", header(1<<60, 0).b, ErrTruncated, 8, "n_tensors", "1152921504606846976"},
		{"n_tensors one too many", header(2, 0).info("a", tensor.F32, 0, 8).data(32, 32).b[:64], ErrTruncated, 8, "n_tensors", "is 2"},
		{"n_kv -1", header(0, minus1).b, ErrMalformed, 16, "n_kv", "is -1"},
		{"n_kv huge", header(0, 1<<60).b, ErrTruncated, 16, "n_kv", "1152921504606846976"},

		// metadata: the first entry begins at byte 24, its key at 32
		{"key length -1", header(0, 1).u64(minus1).data(1, 99).b, ErrMalformed, 24, "metadata entry 0: key", "length -1"},
		{"key length huge", header(0, 1).u64(1<<40).data(1, 99).b, ErrMalformed, 24, "metadata entry 0: key", "65535 are allowed"},
		{"key longer than the file", header(0, 1).u64(200).data(1, 99).b, ErrTruncated, 24, "metadata entry 0: key", "has 131 bytes and needs 232"},
		{"key empty", header(0, 1).kv("", Uint8).data(1, 99).b, ErrMalformed, 24, "metadata entry 0: key", "is empty"},
		{"value type 13", header(0, 1).kv("k", 13).data(1, 99).b, ErrMalformed, 33, `metadata entry 0 "k": type`, "is 13"},
		{"value type -1", header(0, 1).kv("k", math.MaxUint32).data(1, 99).b, ErrMalformed, 33, `metadata entry 0 "k": type`, "is 4294967295"},
		{"duplicate key", header(0, 2).kv("k", Uint8).bytes(1).kv("k", Uint8).bytes(2).b, ErrMalformed, 38, `metadata entry 1 "k": key`, "there twice, first as entry 0"},
		{"string length -1", header(0, 1).kv("k", String).u64(minus1).data(1, 99).b, ErrMalformed, 37, `metadata entry 0 "k": value`, "length -1"},
		{"string length huge", header(0, 1).kv("k", String).u64(1<<60).data(1, 99).b, ErrTruncated, 37, `metadata entry 0 "k": value`, "has 144 bytes"},
		{"element type 13", header(0, 1).kv("k", Array).u32(13).u64(0).b, ErrMalformed, 37, `metadata entry 0 "k": element type`, "is 13"},
		{"array in an array", header(0, 1).kv("k", Array).u32(uint32(Array)).u64(0).b, ErrUnsupported, 37, `metadata entry 0 "k": element type`, "an array in an array"},
		{"array length -1", header(0, 1).kv("k", Array).u32(uint32(Uint8)).u64(minus1).data(1, 99).b, ErrMalformed, 41, `metadata entry 0 "k": array length`, "is -1"},
		{"array length huge", header(0, 1).kv("k", Array).u32(uint32(Float64)).u64(1<<60).data(1, 99).b, ErrTruncated, 41, `metadata entry 0 "k": array length`, "1152921504606846976"},
		{"array length overflows in bytes", header(0, 1).kv("k", Array).u32(uint32(Float64)).u64(1<<61).data(1, 99).b, ErrTruncated, 41, `metadata entry 0 "k": array length`, "2305843009213693952"},
		{"array of strings, huge", header(0, 1).kv("k", Array).u32(uint32(String)).u64(1<<60).data(1, 99).b, ErrTruncated, 41, `metadata entry 0 "k": array length`, "1152921504606846976"},
		{"array one element too long", header(0, 1).kv("k", Array).u32(uint32(Uint32)).u64(4).data(1, 15).b, ErrTruncated, 41, `metadata entry 0 "k": array length`, "only 15 bytes follow"},
		{"string in an array, huge", header(0, 1).kv("k", Array).u32(uint32(String)).u64(2).text("ab").u64(1 << 50).b, ErrTruncated, 59, `metadata entry 0 "k": array element 1`, "cut short"},
		{"alignment 0", aligned(0).b, ErrMalformed, 53, `metadata entry 0 "general.alignment": value`, "is 0"},
		{"alignment 13", aligned(13).b, ErrMalformed, 53, `metadata entry 0 "general.alignment": value`, "is 13"},
		{"alignment of type int32", header(0, 1).kv(alignmentKey, Int32).u32(32).b, ErrMalformed, 53, `metadata entry 0 "general.alignment": value`, "int32 (\"32\"); it must be a uint32"},
		{"alignment of type string", header(0, 1).kv(alignmentKey, String).text("32").b, ErrMalformed, 53, `metadata entry 0 "general.alignment": value`, "it must be a uint32"},

		// tensor table
		{"name of 64 bytes", header(1, 0).info(strings.Repeat("n", 64), tensor.F32, 0, 8).data(32, 32).b, ErrMalformed, 24, "tensor 0: name", "64 bytes; 63 are allowed"},
		{"name length -1", header(1, 0).u64(minus1).data(1, 99).b, ErrMalformed, 24, "tensor 0: name", "length -1"},
		{"n_dims 5", header(1, 0).info("t", tensor.F32, 0, 2, 2, 2, 2, 2).data(32, 128).b, ErrMalformed, 33, `tensor 0 "t": n_dims`, "is 5"},
		{"n_dims -1", header(1, 0).text("t").u32(math.MaxUint32).data(1, 99).b, ErrMalformed, 33, `tensor 0 "t": n_dims`, "is 4294967295"},
		{"dimension -1", header(1, 0).info("t", tensor.F32, 0, 8, minus1).data(32, 32).b, ErrMalformed, 45, `tensor 0 "t": dims`, "dimension 1 is -1"},
		{"product overflows", header(1, 0).info("t", tensor.I8, 0, 1<<33, 1<<33).data(32, 32).b, ErrMalformed, 37, `tensor 0 "t": dims`, "[8589934592, 8589934592] overflows"},
		{"product overflows past a 0", header(1, 0).info("t", tensor.I8, 0, 0, 1<<33, 1<<33).data(32, 32).b, ErrMalformed, 37, `tensor 0 "t": dims`, "overflows"},
		{"bytes overflow", header(1, 0).info("t", tensor.I64, 0, 1<<31, 1<<31).data(32, 32).b, ErrMalformed, 37, `tensor 0 "t": dims`, "more bytes than can be counted"},
		{"bytes wrap when padded", header(1, 0).info("t", tensor.F32, 0, 4, 1<<30-1, 1<<30+1).data(32, 32).b, ErrMalformed, 37, `tensor 0 "t": dims`, "more bytes than can be counted"},
		{"sum of bytes overflows", header(2, 0).info("t", tensor.I8, 0, 1<<63-64).info("u", tensor.I8, 1<<63-64, 1<<63-64).data(32, 32).b, ErrMalformed, 82, `tensor 1 "u": offset`, "past all bounds"},
		{"row is no multiple of the block", header(1, 0).info("t", tensor.Q8_0, 0, 33).data(32, 64).b, ErrMalformed, 37, `tensor 0 "t": dims`, "a row of 33 elements"},
		{"scalar of a block type", header(1, 0).info("t", tensor.Q8_0, 0).data(32, 64).b, ErrMalformed, 37, `tensor 0 "t": dims`, "a row of 1 elements"},
		{"tensor type 4, dropped", header(1, 0).info("t", 4, 0, 32).data(32, 64).b, ErrUnsupported, 45, `tensor 0 "t": type`, "is 4"},
		{"tensor type 999", header(1, 0).info("t", 999, 0, 32).data(32, 64).b, ErrUnsupported, 45, `tensor 0 "t": type`, "is 999"},
		{"duplicate tensor", header(2, 0).info("t", tensor.F32, 0, 8).info("t", tensor.F32, 32, 8).data(32, 64).b, ErrMalformed, 57, `tensor 1 "t": name`, "there twice, first as tensor 0"},

		// where the data is
		{"offset -1", header(1, 0).info("t", tensor.F32, minus1, 8).data(32, 32).b, ErrMalformed, 49, `tensor 0 "t": offset`, "is -1"},
		{"offset no multiple of 32", header(1, 0).info("t", tensor.F32, 16, 4).data(32, 32).b, ErrMalformed, 49, `tensor 0 "t": offset`, "is 16, no multiple of the alignment 32"},
		{"offsets of alignment 1 in a file of 32", header(2, 0).info("t", tensor.F32, 0, 3).info("u", tensor.F32, 12, 3).data(32, 24).b, ErrMalformed, 82, `tensor 1 "u": offset`, "is 12"},
		{"offsets of alignment 32 in a file of 64", header(2, 1).kv(alignmentKey, Uint32).u32(64).info("t", tensor.F32, 0, 8).info("u", tensor.F32, 32, 8).data(64, 64).b, ErrMalformed, 115, `tensor 1 "u": offset`, "no multiple of the alignment 64"},
		{"overlap", header(2, 0).info("t", tensor.F32, 0, 9).info("u", tensor.F32, 32, 8).data(32, 96).b, ErrMalformed, 82, `tensor 1 "u": offset`, `overlap those of tensor 0 "t", bytes 0 to 36`},
		{"overlap, out of order", header(2, 0).info("t", tensor.F32, 32, 8).info("u", tensor.F32, 0, 9).data(32, 96).b, ErrMalformed, 49, `tensor 0 "t": offset`, `overlap those of tensor 1 "u"`},
		{"overlap of one byte", header(2, 1).kv(alignmentKey, Uint32).u32(1).info("t", tensor.I8, 0, 9).info("u", tensor.I8, 8, 8).data(1, 16).b, ErrMalformed, 115, `tensor 1 "u": offset`, "bytes 0 to 9"},
		{"overlap behind an empty tensor", header(3, 0).info("t", tensor.F32, 0, 16).info("e", tensor.F32, 32, 0).info("u", tensor.F32, 32, 8).data(32, 64).b, ErrMalformed, 115, `tensor 2 "u": offset`, `overlap those of tensor 0 "t"`},
		{"same offset", header(2, 0).info("t", tensor.F32, 0, 8).info("u", tensor.F32, 0, 8).data(32, 64).b, ErrMalformed, 82, `tensor 1 "u": offset`, "overlap"},
		{"offset past the end", header(1, 0).info("t", tensor.F32, 1<<40, 8).data(32, 32).b, ErrTruncated, 96, `tensor 0 "t": data`, "has 96 bytes and needs 1099511627872"},
		{"data one byte short", header(1, 0).info("t", tensor.F32, 0, 8).data(32, 31).b, ErrTruncated, 64, `tensor 0 "t": data`, "has 95 bytes and needs 96"},
		{"last padding one byte short", header(1, 0).info("t", tensor.F32, 0, 7).data(32, 31).b, ErrTruncated, 64, `tensor 0 "t": data`, "has 95 bytes and needs 96"},
		{"no padding before the data of an empty tensor", header(1, 0).info("t", tensor.F32, 0, 0).b, ErrTruncated, 57, `tensor 0 "t": data`, "has 57 bytes and needs 64"},
		{"alignment past the end", header(1, 1).kv(alignmentKey, Uint32).u32(1<<31).info("t", tensor.F32, 0, 8).data(32, 64).b, ErrTruncated, 160, `tensor 0 "t": data`, "needs 4294967296"},
	}
}

type malformedCase struct {
	name   string
	data   []byte
	kind   error
	offset int64
	field  string
	found  string // part of the message
}

func version(v uint32) []byte {
	b := header(0, 0).b
	binary.LittleEndian.PutUint32(b[4:], v)
	return b
}

func aligned(n uint32) *raw { return header(0, 1).kv(alignmentKey, Uint32).u32(n) }

func TestMalformed(t *testing.T) {
	for _, c := range malformed() {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse(c.data)
			if err == nil {
				t.Fatalf("was read: %+v", f)
			}
			var bad *FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			if !errors.Is(err, c.kind) {
				t.Errorf("kind is %q, want %q", bad.Kind, c.kind)
			}
			if bad.Offset != c.offset || bad.Field != c.field {
				t.Errorf("%q at byte %d, want %q at byte %d", bad.Field, bad.Offset, c.field, c.offset)
			}
			if !strings.Contains(bad.Msg, c.found) {
				t.Errorf("message %q does not say %q", bad.Msg, c.found)
			}
			if want := fmt.Sprintf("gguf: %s at byte %d: ", c.field, c.offset); !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q does not begin with %q", err, want)
			}
		})
	}
}

// A file of a few bytes that claims a lot must cost no memory.
func TestMalformedAllocatesLittle(t *testing.T) {
	const limit = 1 << 20 // the tables made ahead for a count take half of it
	var before, after runtime.MemStats
	for _, c := range malformed() {
		runtime.ReadMemStats(&before)
		_, err := Parse(c.data)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > limit || err == nil {
			t.Errorf("%s: %d bytes allocated for a file of %d; error %v", c.name, n, len(c.data), err)
		}
	}
}

// A count that the file is long enough for, but does not keep, must not cost
// more than a small multiple of the file.
func TestCountsAreNotTrusted(t *testing.T) {
	junk := make([]byte, 8<<20)
	for i := range junk {
		junk[i] = 0xff
	}
	n := uint64(len(junk))
	for _, c := range []struct {
		name string
		head *raw
	}{
		{"n_kv", header(0, n/minKV)},
		{"n_tensors", header(n/minTensor, 0)},
		{"strings", header(0, 1).kv("k", Array).u32(uint32(String)).u64(n / 8)},
	} {
		data := append(c.head.b, junk...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(data)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 || err == nil {
			t.Errorf("%s: %d bytes allocated; error %v", c.name, got, err)
		}
	}
}

// Errors stay short whatever the file holds, and cut no character in two.
func TestErrorsQuoteLittle(t *testing.T) {
	key := "é" + strings.Repeat("字", 10_000)
	_, err := Parse(header(0, 1).kv(key, 13).b)
	if err == nil || len(err.Error()) > 400 || !strings.Contains(err.Error(), `字"... (30002 bytes)`) {
		t.Errorf("%v", err)
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	for name, data := range map[string][]byte{"handmade": small(), "written": written(t)} {
		if _, err := Parse(data); err != nil {
			t.Fatalf("%s: the whole file: %v", name, err)
		}
		for n := range data {
			_, err := Parse(data[:n:n])
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("%s: cut to %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

// Any one byte set wrong gives a file or an error, never a panic, and what is
// read stays within the file.
func TestEveryByteWrong(t *testing.T) {
	data := small()
	for i := range data {
		for _, b := range []byte{0x00, 0x01, 0x7f, 0x80, 0xff, data[i] + 1, data[i] - 1} {
			was := data[i]
			data[i] = b
			checkParse(t, data)
			data[i] = was
		}
	}
}
