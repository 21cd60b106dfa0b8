package ops

// Turn rotates one head, x, as row r of the table says: in pairs (2i, 2i+1), or in
// halves (i, i+Dims/2), as RopePairs and RopeHalves do with whole batches.
func (t *RopeTable) Turn(x []float32, r int, halves bool) {
	near, far := 2, 1 // where pair i begins, and how far its second element is
	if halves {
		near, far = 1, t.half
	}
	for i := range t.half {
		a, b := &x[i*near], &x[i*near+far]
		cos, sin := t.cos[r*t.half+i], t.sin[r*t.half+i]
		*a, *b = *a*cos-*b*sin, *a*sin+*b*cos
	}
}
