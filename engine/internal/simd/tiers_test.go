package simd

import (
	"reflect"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Setenv(Env, "")
	if k, err := Choose(); err != nil || k != Best() {
		t.Errorf("nothing set: %v, %v", k, err)
	}
	for _, want := range All() {
		t.Setenv(Env, want.Name)
		if k, err := Choose(); err != nil || k != want {
			t.Errorf("%s: %v, %v", want.Name, k, err)
		}
	}
	t.Setenv(Env, "AVX-9000")
	if _, err := Choose(); err == nil || !strings.Contains(err.Error(), "LOUPE_SIMD=AVX-9000: there is no such tier; this machine has generic") {
		t.Errorf("an unknown name: %v", err)
	}
	saved := tiers
	defer func() { tiers = saved }()
	tiers = []*Kernels{&generic}
	t.Setenv(Env, "avx2")
	if _, err := Choose(); err == nil || !strings.Contains(err.Error(), "does not have that tier; it has generic") {
		t.Errorf("a tier of other machines: %v", err)
	}
}

// TestTiersComplete: a table has every kernel, and a name of its own.
func TestTiersComplete(t *testing.T) {
	if Generic().Name != "generic" || All()[0] != Generic() {
		t.Error("the generic tier does not come first")
	}
	seen := map[string]bool{}
	for _, k := range All() {
		if seen[k.Name] || !strings.Contains(" "+strings.Join(known, " ")+" ", " "+k.Name+" ") {
			t.Errorf("tier %q is listed twice or not known", k.Name)
		}
		seen[k.Name] = true
		v := reflect.ValueOf(*k)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("tier %s has no %s", k.Name, v.Type().Field(i).Name)
			}
		}
	}
}
