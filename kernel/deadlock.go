package kernel

import (
	"bytes"
	"fmt"
	"go/token"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// parking is a goroutine of a script that waits for another one, in a call of
// the runtime: for a channel, a select, a lock or a WaitGroup.
type parking struct {
	line   int    // token.Pos of the statement that waits
	what   string // "chan receive", as the Go runtime calls it
	helper int64  // the goroutine that does the waiting for it; 0 none, -1 not started
	// outside: what is waited for may come from native code, such as a timer.
	outside bool
}

// park notes that the goroutine id is about to wait.
func (g *goroutines) park(id int64, p parking) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parked[id] = p
	g.seq++
}

func (g *goroutines) unpark(id int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.parked, id)
	g.seq++
}

// helps notes which goroutine waits for id.
func (g *goroutines) helps(id int64) {
	me := goid()
	g.mu.Lock()
	defer g.mu.Unlock()
	if p, ok := g.parked[id]; ok {
		p.helper = me
		g.parked[id] = p
		g.seq++
	}
}

// outer says whether native code may send on a channel or close it. All that
// the packages which cells import hand out are receive-only channels of these
// elements; a script's own channel of that type counts as such, so that a
// deadlock is never claimed where there is none.
func outer(c reflect.Value) bool {
	if !c.IsValid() || c.Type().ChanDir() != reflect.RecvDir {
		return false
	}
	e := c.Type().Elem()
	return e == reflect.TypeFor[struct{}]() || e == reflect.TypeFor[time.Time]() || strings.HasPrefix(e.PkgPath(), "loupe/")
}

// outer notes that native code got a function which it may call whenever it
// likes: from then on nobody knows that nothing can wake a goroutine.
func (g *goroutines) outer() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outside++
}

// asleep says whether every goroutine of every run waits for another one, and
// at which number of parkings.
func (g *goroutines) asleep() (ids map[int64]bool, seq uint64, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := 0 // those that have not begun to run count too
	for _, n := range g.alive {
		all += n
	}
	if g.outside > 0 || all == 0 || len(g.byID) != all || len(g.parked) < all {
		return nil, 0, false
	}
	ids = map[int64]bool{}
	for id := range g.byID {
		p, parked := g.parked[id]
		if !parked || p.outside || p.helper < 0 {
			return nil, 0, false
		}
		ids[id] = true
		if p.helper > 0 {
			ids[p.helper] = true
		}
	}
	return ids, g.seq, true
}

// deadlocked says whether nothing can wake the script's goroutines any more:
// all of them wait, and the Go runtime, asked for every goroutine at one
// moment, has none of them ready to run.
func (g *goroutines) deadlocked() bool {
	ids, seq, ok := g.asleep()
	if !ok {
		return false
	}
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		if len(buf) >= 64<<20 {
			return false
		}
		buf = make([]byte, 4*len(buf))
	}
	waiting := 0
	for _, block := range bytes.Split(buf, []byte("\n\n")) {
		rest, ok := bytes.CutPrefix(block, []byte("goroutine "))
		num, rest, ok2 := bytes.Cut(rest, []byte(" "))
		id, err := strconv.ParseInt(string(num), 10, 64)
		if !ok || !ok2 || err != nil || !ids[id] {
			continue
		}
		state, _, _ := bytes.Cut(bytes.TrimPrefix(rest, []byte("[")), []byte("]"))
		word, _, _ := strings.Cut(string(state), ",")
		switch word {
		case "select", "select (no cases)", "chan receive", "chan receive (nil chan)", "chan send", "chan send (nil chan)",
			"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.WaitGroup.Wait", "sync.Cond.Wait", "semacquire":
			waiting++
		default:
			return false
		}
	}
	_, again, ok := g.asleep()
	return ok && again == seq && waiting == len(ids)
}

// deadlock ends the run if its goroutines wait for each other for ever.
func (m *machine) deadlock(r *run) bool {
	if !m.gs.deadlocked() {
		return false
	}
	m.gs.mu.Lock()
	line := m.gs.parked[r.mainID.Load()].line
	m.gs.mu.Unlock()
	m.end(r, &outcome{kind: Panic, fatal: true, value: "all goroutines are asleep - deadlock!", line: line})
	return true
}

// background describes the goroutines of a run, by the line that started them
// and the line at which they wait.
func (k *Kernel) background(r *run) (list []string) {
	m := k.m
	m.gs.mu.Lock()
	type entry struct {
		from  int
		p     parking
		waits bool
	}
	var all []entry
	for id, x := range m.gs.byID {
		if x == r {
			p, waits := m.gs.parked[id]
			all = append(all, entry{m.gs.from[id], p, waits})
		}
	}
	m.gs.mu.Unlock()
	count := map[string]int{}
	for _, e := range all {
		text := "started in line " + k.lineText(e.from)
		if e.waits {
			text += fmt.Sprintf(" waits in line %s (%s)", k.lineText(e.p.line), e.p.what)
		} else {
			text += " runs"
		}
		if count[text]++; count[text] == 1 {
			list = append(list, text)
		}
	}
	for i, text := range list {
		if n := count[text]; n > 1 {
			list[i] = fmt.Sprintf("%d %s", n, text)
		}
	}
	return list
}

// lineText is the number of a token.Pos's line.
func (k *Kernel) lineText(pos int) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.sess.Fset.Position(token.Pos(pos))
	if pos == 0 || !p.IsValid() {
		return "?"
	}
	return strconv.Itoa(p.Line)
}
