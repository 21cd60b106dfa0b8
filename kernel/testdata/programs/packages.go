package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base32"
	"encoding/pem"
	"fmt"
	"hash/adler32"
	"hash/crc64"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"index/suffixarray"
	"io"
	"mime"
	"net/netip"
	"regexp/syntax"
	"strings"
	"text/scanner"
)

type gray struct{ w, h int }

func (g gray) ColorModel() color.Model { return color.GrayModel }
func (g gray) Bounds() image.Rectangle { return image.Rect(0, 0, g.w, g.h) }
func (g gray) At(x, y int) color.Color { return color.Gray{uint8(x*16 + y)} }

func main() {
	// %% archives
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	f, err := zw.Create("a.txt")
	fmt.Fprint(f, "hello")
	fmt.Println(err, zw.Close())
	zr, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	for _, f := range zr.File {
		r, _ := f.Open()
		text, _ := io.ReadAll(r)
		fmt.Println(f.Name, string(text), err)
	}
	b.Reset()
	tw := tar.NewWriter(&b)
	fmt.Println(tw.WriteHeader(&tar.Header{Name: "x", Mode: 0o600, Size: 2}))
	tw.Write([]byte("hi"))
	tw.Close()
	h, err := tar.NewReader(&b).Next()
	fmt.Println(h.Name, h.Size, err)

	// %% compression
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write([]byte(strings.Repeat("abc", 100)))
	w.Close()
	r, err := zlib.NewReader(&z)
	text, _ := io.ReadAll(r)
	fmt.Println(len(text), err)
	fw, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	fmt.Println(fw != nil, err)

	// %% crypto
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	out := make([]byte, 16)
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(out, []byte("a block of text!"))
	fmt.Printf("%x %v\n", out, err)
	m := hmac.New(sha256.New, []byte("key"))
	m.Write([]byte("message"))
	fmt.Printf("%x\n%x\n", m.Sum(nil), sha3.Sum256([]byte("x")))
	fmt.Println(base32.StdEncoding.EncodeToString([]byte("loupe")), adler32.Checksum([]byte("a")), crc64.Checksum([]byte("a"), crc64.MakeTable(crc64.ISO)))
	fmt.Print(string(pem.EncodeToMemory(&pem.Block{Type: "T", Bytes: []byte("x")})))

	// %% images
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{1, 2, 3, 255}), image.Point{}, draw.Src)
	var p bytes.Buffer
	fmt.Println(png.Encode(&p, gray{5, 3}))
	back, err := png.Decode(&p)
	fmt.Println(img.At(1, 1), back.Bounds(), back.At(2, 1), err)

	// %% texts
	index := suffixarray.New([]byte("banana"))
	fmt.Println(len(index.Lookup([]byte("ana"), -1)), mime.TypeByExtension(".html"))
	addr, err := netip.ParseAddr("10.0.0.1")
	fmt.Println(addr.Next(), addr.Is4(), err)
	re, err := syntax.Parse("a+b", syntax.Perl)
	fmt.Println(re, err)
	var s scanner.Scanner
	s.Init(strings.NewReader("x := 3.5"))
	for tok := s.Scan(); tok != scanner.EOF; tok = s.Scan() {
		fmt.Print(scanner.TokenString(tok), " ", s.TokenText(), "; ")
	}
	fmt.Println()
}
