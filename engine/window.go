package engine

import "fmt"

// restoreWindow reads the session's tokens anew, since layers with a sliding window no
// longer have what the next one sees: it was cut back too far. The session changes only
// once all are read.
func (s *Session) restoreWindow(t *turn) error {
	cells, m := s.seq.Cells(), s.model
	ids := make([]int, len(cells))
	for i, c := range cells {
		ids[i] = c.Token
		why := ""
		switch {
		case c.Edited:
			why = "was changed, or read under an observer that writes"
		case c.Pos != i:
			why = fmt.Sprintf("stands at position %d, behind cells that were taken out", c.Pos)
		default:
			continue
		}
		return fmt.Errorf("engine: layers with a sliding window of %s no longer have what stands before token %s, and reading the text anew would not bring it back: cell %s %s; "+
			"Rewind(0) and read it again, or load the model with SWAFull", count(m.net.Config.Window), count(len(cells)), count(i), why)
	}
	// Beside it: what is stored is of use again if this is cancelled.
	beside := &Session{model: m, mu: newLock(), seq: s.seq.Store().NewSeq()}
	defer beside.seq.Free()
	progress := func(done int, part float64) {
		if len(ids) > m.cfg.EvalBatchSize {
			hostProgress("prompt", done+int(part), len(ids))
		}
	}
	if err := beside.read(t, ids, progress, func(int, int) error { return nil }); err != nil {
		return err
	}
	s.seq.Replace(beside.seq)
	s.reread += len(ids)
	return nil
}
