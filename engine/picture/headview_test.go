package picture

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// view is a view of some layers and heads; head h of layer l gives most to the key
// that is h+1 before, the rest to the first.
func view(n, layers, heads int) HeadView {
	v := HeadView{Title: "attention"}
	for i := range n {
		v.Tokens = append(v.Tokens, fmt.Sprintf(" t%d", i))
	}
	for l := range layers {
		hl := HeadLayer{Name: fmt.Sprintf("layer %d", l)}
		for h := range heads {
			w := make([]float32, n*n)
			for q := range n {
				w[q*n] += 0.28
				w[q*n+max(q-h-1-l, 0)] += 0.72
			}
			hl.Heads = append(hl.Heads, HeadWeights{fmt.Sprint(h), w})
		}
		v.Layers = append(v.Layers, hl)
	}
	return v
}

var attribute = regexp.MustCompile(`(?s)<div class="loupe-headview" data-view="([^"]*)" data-weights="([^"]*)">`)

// TestHeadViewData: what the page holds is the view's weights, within half a step of
// 16 bits; of long texts the first and last tokens, and it says so; a page stays in
// its bounds.
func TestHeadViewData(t *testing.T) {
	for _, c := range []struct{ n, layers, heads int }{{1, 1, 1}, {5, 2, 3}, {300, 1, 4}, {40, 30, 40}} {
		v := view(c.n, c.layers, c.heads)
		v.Tokens[0] = "\"<&\n\x1b[31m\xe6"
		page := v.HTML()
		m := attribute.FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no data in %.300s", page)
		}
		var d viewData
		if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &d); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if d.Tokens[0] != "\"<&⏎\\x1b[31m\\xe6" || len(d.Tokens) != len(d.Places) || len(d.Places)+d.Hidden != c.n || len(d.Places) > maxViewTokens || len(raw) > 2*maxViewBytes {
			t.Fatalf("%v: %d of %d tokens, %d hidden, %d bytes, the first token is %q", c, len(d.Tokens), c.n, d.Hidden, len(raw), d.Tokens[0])
		}
		if hidden := d.Hidden > 0; hidden != (c.n > 256 || c.layers*c.heads*c.n*c.n > maxViewBytes) || hidden && (d.Places[d.Before] != d.Before+d.Hidden || d.Places[len(d.Places)-1] != c.n-1) {
			t.Errorf("%v: the gap is %d tokens after %d, of %d", c, d.Hidden, d.Before, c.n)
		}
		at := 0
		for _, l := range v.Layers {
			for _, h := range l.Heads {
				for q, pq := range d.Places {
					for _, pk := range d.Places[:q+1] {
						got := float64(uint16(raw[at])|uint16(raw[at+1])<<8) / math.MaxUint16
						if want := float64(h.Weights[pq*c.n+pk]); math.Abs(got-want) > 0.51/math.MaxUint16 {
							t.Fatalf("%v: %s head %s, %d to %d: %g, want %g", c, l.Name, h.Name, pq, pk, got, want)
						}
						at += 2
					}
				}
			}
		}
		if at != len(raw) {
			t.Errorf("%v: %d bytes of %d were read", c, at, len(raw))
		}
		if strings.Contains(page, "src=\"http") || strings.Contains(page, " id=") || strings.Count(page, "<script") != 1 {
			t.Errorf("%v: the page loads something, or has an id that another view may have too", c)
		}
		for _, width := range []int{20, 80, 200} {
			for _, l := range strings.Split(plain(v.Terminal(width, 1<<24)), "\n") {
				if columns.StringWidth(l) > width {
					t.Fatalf("%v: wider than %d: %q", c, width, l)
				}
			}
		}
	}
}

func TestHeadViewRefused(t *testing.T) {
	for want, change := range map[string]func(*HeadView){
		"0 Tokens and 2 Layers":          func(v *HeadView) { v.Tokens = nil },
		"layer 1 has no Heads":           func(v *HeadView) { v.Layers[1].Heads = nil },
		"head 1: 8 Weights for 3 Tokens": func(v *HeadView) { v.Layers[0].Heads[1].Weights = make([]float32, 8) },
		"query 1, key 2 is 0.5":          func(v *HeadView) { v.Layers[1].Heads[0].Weights[5] = 0.5 },
		"query 2, key 1 is NaN":          func(v *HeadView) { v.Layers[1].Heads[0].Weights[7] = float32(math.NaN()) },
		"are more than a page of 2 MiB": func(v *HeadView) {
			for len(v.Layers) < 40000 {
				v.Layers = append(v.Layers, v.Layers[0])
			}
		},
	} {
		v := view(3, 2, 2)
		change(&v)
		path := filepath.Join(t.TempDir(), "v.html")
		err := v.WriteHTML(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			continue
		}
		if _, e := os.Stat(path); e == nil {
			t.Error("a refused view left a file")
		}
		for name, text := range map[string]string{"String": v.String(), "HTML": html.UnescapeString(v.HTML()), "SVG": html.UnescapeString(v.Grid().SVG())} {
			if !strings.Contains(text, want) {
				t.Errorf("%s of a refused view is %.200s", name, text)
			}
		}
	}
}

// TestHeadViewInBrowser plays with two views on one page, by pointer and by keys, and
// reads what they say.
func TestHeadViewInBrowser(t *testing.T) {
	var chromium string
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Skip("no chromium on the path, nor in CHROMIUM, to open the page with")
	}
	// A browser without a screen draws hardly any frames, for which the views would wait.
	page := "<!DOCTYPE html><meta charset=utf-8><script>window.requestAnimationFrame = f => setTimeout(f, 0)</script>" + view(12, 3, 4).HTML() + view(300, 1, 2).HTML() + `<pre id=log></pre><script>
const log = text => { document.getElementById('log').textContent += text + '\n'; };
const frame = () => new Promise(done => setTimeout(done, 30));
const press = (e, key) => e.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
(async () => {
	const [one, two] = document.querySelectorAll('.loupe-headview');
	const say = v => v.querySelector('.hv-say').textContent;
	const query = (v, i) => v.querySelectorAll('.hv-left button')[i], key = (v, i) => v.querySelectorAll('.hv-right button')[i];
	const heads = v => [...v.querySelectorAll('.hv-heads button')];
	const over = e => e.dispatchEvent(new PointerEvent('pointerenter', { pointerType: 'mouse' }));
	log('heads ' + heads(one).length + ' ' + heads(two).length);
	over(query(one, 7));
	await frame();
	log('all: ' + say(one));
	log('other: ' + say(two));
	heads(one)[2].dispatchEvent(new MouseEvent('click', { shiftKey: true }));
	await frame();
	log('alone: ' + heads(one).map(b => b.getAttribute('aria-pressed')) + ' ' + say(one));
	heads(one)[0].click();
	await frame();
	log('two heads: ' + say(one));
	heads(one)[0].click();
	const select = one.querySelector('select');
	select.value = 'layer 2';
	select.dispatchEvent(new Event('change'));
	await frame();
	log('layer: ' + say(one));
	query(one, 7).focus();
	press(document.activeElement, 'ArrowDown');
	await frame();
	log('down: ' + say(one));
	press(document.activeElement, 'ArrowRight');
	press(document.activeElement, 'Home');
	await frame();
	log('key: ' + say(one));
	query(one, 9).click();
	document.activeElement.blur();
	await frame();
	log('kept: ' + say(one) + ' ' + query(one, 9).getAttribute('aria-pressed'));
	press(query(one, 9), 'Escape');
	one.querySelector('.hv-right').dispatchEvent(new PointerEvent('pointerleave'));
	await frame();
	log('let go: ' + say(one));
	over(query(two, 9));
	await frame();
	log('gap: ' + say(two) + ' ' + two.querySelector('.hv-gap').textContent + ', ' + two.querySelectorAll('.hv-rightsum .hv-sum')[8].textContent);
	heads(one).forEach(b => b.getAttribute('aria-pressed') === 'true' && b.click());
	await frame();
	log('none: ' + say(one));
	log('tab stops ' + one.querySelectorAll('button[tabindex="0"]').length);
	const ink = [...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 190, 200).data].filter(x => x).length;
	log('ink without heads ' + ink);
	log('done');
})().catch(e => log('failed: ' + e.stack));
</script>`
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "user"),
		"--virtual-time-budget=20000", "--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(string(out), "<pre id=\"log\">")
	got, _, _ = strings.Cut(got, "</pre>")
	want := `heads 4 2
all: ␣t7 (7) looks at ␣t0 (0) 28 %, ␣t3 (3) 18 %, ␣t4 (4) 18 %, ␣t5 (5) 18 %, in the mean of 4 heads.
other: Point at a token to see its weights, the mean over the heads picked.
alone: false,false,true,false ␣t7 (7) looks at ␣t4 (4) 72 %, ␣t0 (0) 28 %, in head 2.
two heads: ␣t7 (7) looks at ␣t4 (4) 36 %, ␣t6 (6) 36 %, ␣t0 (0) 28 %, in the mean of 2 heads.
layer: ␣t7 (7) looks at ␣t2 (2) 72 %, ␣t0 (0) 28 %, in head 2.
down: ␣t8 (8) looks at ␣t3 (3) 72 %, ␣t0 (0) 28 %, in head 2.
key: ␣t0 (0) is looked at by ␣t0 (0) 100 %, ␣t1 (1) 100 %, ␣t2 (2) 100 %, ␣t3 (3) 100 %, in head 2.
kept: ␣t9 (9) looks at ␣t4 (4) 72 %, ␣t0 (0) 28 %, in head 2. true
let go: Point at a token to see its weights, the mean over the heads picked.
gap: ␣t53 (53) looks at ␣t52 (52) 36 %, ␣t0 (0) 28 %, in the mean of 2 heads. ⋯ 44 more, 36 %
none: No head is picked.
tab stops 3
ink without heads 0
done
`
	if html.UnescapeString(got) != want {
		t.Errorf("the views say\n%s\nnot\n%s", got, want)
	}
}
