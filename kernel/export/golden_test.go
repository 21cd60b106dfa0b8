package export

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMasks(t *testing.T) {
	for in, want := range map[string]string{
		"8 prompt tok 3.1 ms (2,000/s) · 41 tok 28 ms (1,460/s) · cache 47/1,024 cells, 33 KiB": "8 prompt tok <time> (<rate>) · 41 tok <time> (<rate>) · cache 47/1,024 cells, 33 KiB",
		"in 12.5 s, 7 sheep, 3 states, 5 min 3 s, 2 msgs":                                       "in <time>, 7 sheep, 3 states, <time>, 2 msgs",
		"1h2m3.5s 20.5µs 13ms 1e-05 s":                                                          "<time> <time> <time> <time>",
		"12.3 tok/s, 4 GiB/s, 17.2 t/s, 3 GFLOP/s, 5 tokens/s":                                  "<rate>, <rate>, <rate>, <rate>, <rate>",
		"top-p leaves 34, min-p 24, h 1,234,567 s":                                              "top-p leaves 34, min-p 24, h <time>",
		"at 0xc000012345, but 0x1f and 0xbeef":                                                  "at <address>, but 0x1f and 0xbeef",
		"q4_0s s3 v1.5s2 model-135M 10 ms/token":                                                "q4_0s s3 v1.5s2 model-135M <time>/token",
	} {
		got := in
		for _, m := range everywhere {
			got = m.re.ReplaceAllString(got, m.as)
		}
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	want := "%% 1 Table\n┌──────┐\n│ <time> │\n└──────┘\n%% 2 Text\na  b\n"
	wide := strings.NewReplacer("──────", "─────────", "<time> ", "  <time>").Replace(want)
	if d := Compare("x", want, wide); d != "" {
		t.Errorf("alignment counts:\n%s", d)
	}
	for _, other := range []string{
		strings.Replace(want, "a  b", "a b", 1), // no mask in that cell
		strings.Replace(want, "│ <time>", "│ 7 <time>", 1), strings.Replace(want, "Text", "text", 1), want + "more\n", "", strings.Replace(want, "a  b\n", "", 1),
	} {
		if Compare("x", want, other) == "" {
			t.Errorf("not told apart from %q", other)
		}
	}
	got := Compare("x.golden", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n")
	if want := "--- x.golden\n+++ this run\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n"; got != want {
		t.Errorf("diff\n%s\nwant\n%s", got, want)
	}
}

// The lines of a diff that are not added are those of the old text around the
// changes, and the other way round, whatever changes.
func TestDiffIsOfItsTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		list := make([]string, r.IntN(12))
		for i := range list {
			list[i] = fmt.Sprint(r.IntN(4))
		}
		return list
	}
	for range 2000 {
		a, b := text(), text()
		d := diff("x", a, b, a, b)
		if strings.Join(a, "\n") == strings.Join(b, "\n") {
			if d != "" {
				t.Fatalf("%q and %q: %s", a, b, d)
			}
			continue
		}
		// Applying the hunks to a gives b.
		var out []string
		at := 0
		for _, l := range strings.Split(strings.TrimSuffix(d, "\n"), "\n")[2:] {
			var from, n, to, m int
			if k, _ := fmt.Sscanf(l, "@@ -%d,%d +%d,%d @@", &from, &n, &to, &m); k == 4 {
				for at < from-1 {
					out = append(out, a[at])
					at++
				}
				if len(out) != to-1 {
					t.Fatalf("%q to %q: a hunk for line %d stands at %d\n%s", a, b, to, len(out)+1, d)
				}
				continue
			}
			if l[0] != '+' {
				if at >= len(a) || a[at] != l[1:] {
					t.Fatalf("%q to %q: %s", a, b, d)
				}
				at++
			}
			if l[0] != '-' {
				out = append(out, l[1:])
			}
		}
		if out = append(out, a[at:]...); strings.Join(out, "\n") != strings.Join(b, "\n") {
			t.Fatalf("%q to %q gives %q:\n%s", a, b, out, d)
		}
	}
}

func TestMarks(t *testing.T) {
	m := readMarks("// Text.\n//nb:skip for a reason\n\n//nb:mask bytes\n//nb:mask [a-z]+\nx := 1\n//nb:expect-error\n")
	if !m.skip || m.reason != "for a reason" || len(m.masks) != 2 || m.expectError || m.bad != nil {
		t.Errorf("%+v", m)
	}
	for _, bad := range []string{"(", "a*", ""} {
		if readMarks("//nb:mask "+bad).bad == nil {
			t.Errorf("the mask %q is taken", bad)
		}
	}
}
