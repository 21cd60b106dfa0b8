package measure

import "testing"

func TestWhatLinuxSays(t *testing.T) {
	const info = "processor\t: 0\nmodel name\t: AMD EPYC 7B13: fast\nmodel\t\t: 1\n"
	if got := procField(info, "model name"); got != "AMD EPYC 7B13: fast" {
		t.Errorf("model name %q", got)
	}
	if got := procField(info, "MemAvailable"); got != "" {
		t.Errorf("what is not there is %q", got)
	}
	for s, want := range map[string]int64{"266240K": 266240 << 10, "32M": 32 << 20, "512": 512, "": 0, "K": 0, "x12K": 0} {
		if got := parseCacheSize(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
	if freeMemory() <= 0 {
		t.Error("no free memory found")
	}
}
