package token

// byteRunes is the alphabet of byte-level BPE: a printable character for each
// byte. Printable bytes of Latin-1 stand for themselves, the others for the
// characters from U+0100 on, in order.
var byteRunes [256]rune

// runeBytes is byteRunes backwards.
var runeBytes = make(map[rune]byte, 256)

func init() {
	next := rune(0x100)
	for b := range byteRunes {
		r := rune(b)
		if !('!' <= r && r <= '~' || 0xA1 <= r && r <= 0xAC || 0xAE <= r) {
			r = next
			next++
		}
		byteRunes[b] = r
		runeBytes[r] = byte(b)
	}
}
