package engine

import (
	"fmt"
	"sort"

	"loupe/engine/kvcache"
	"loupe/engine/model"
)

// MemoryError says that a model with a full context does not fit the machine.
type MemoryError struct {
	Need, Available int64 // bytes
	ContextLength   int
	Fits            int // the longest context that would fit, 0 if none does
	CellBytes       int // of K and V, one token more
}

func (e *MemoryError) Error() string {
	text := fmt.Sprintf("engine: with a context of %s tokens the model takes %s, of K and V %s a token; this machine has %s left; ",
		count(e.ContextLength), Size(e.Need), Size(int64(e.CellBytes)), Size(e.Available))
	if e.Fits > 0 {
		text += fmt.Sprintf("a ContextLength of %s would fit, or a smaller KCacheType and VCacheType; ", count(e.Fits))
	}
	return text + "LoadAnyway loads it all the same: memory is taken as the context fills"
}

// checkMemory refuses a context that somebody chose and that does not fit. One that
// nobody chose, the trained one, is let through: few fill it.
func checkMemory(cfg LoadConfig, net *model.Model, contextBy string) error {
	available := availableMemory()
	if cfg.LoadAnyway || contextBy == BuiltIn || available == 0 {
		return nil
	}
	m, err := cfg.memory(net)
	if err != nil {
		return err
	}
	// The file's own pages are the system's to keep or drop.
	need := m.Total() - m.Weights
	if need <= available {
		return nil
	}
	e := &MemoryError{
		Need: need, Available: available, ContextLength: cfg.ContextLength,
		CellBytes: cfg.cache(net).MoreBytes(),
	}
	left := available - (need - m.K - m.V)
	e.Fits = kvcache.PageCells * (sort.Search(cfg.ContextLength/kvcache.PageCells, func(pages int) bool {
		k, v := cfg.cache(net).Filled((pages+1)*kvcache.PageCells, cfg.PhysicalBatchSize)
		return k+v > left
	}))
	return e
}
