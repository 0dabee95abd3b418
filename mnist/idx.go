package mnist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// kind is what an IDX file holds.
type kind uint32

const (
	imageFile kind = 0x803
	labelFile kind = 0x801
)

func (k kind) String() string {
	if k == imageFile {
		return "images"
	}
	return "labels"
}

func (k kind) headerSize() int64 {
	if k == imageFile {
		return 16
	}
	return 8
}

// idx is the content of a file: count items of rows x cols bytes (1 x 1 for labels).
type idx struct {
	count, rows, cols int
	data              []byte
}

// maxDeflate is more than what a byte of a deflate stream can expand to: 258
// bytes for two bits (RFC 1951).
const maxDeflate = 1032

// growth is how much memory is asked for ahead of the bytes that fill it.
const growth = 1 << 20

// checkHeader judges what a header claims before anything else is read; nil
// accepts all.
type checkHeader func(count, rows, cols int) error

// readIDX reads a file of size bytes, plain or compressed with gzip.
func readIDX(r io.Reader, size int64, want kind, check checkHeader) (idx, error) {
	if size == 0 {
		return idx{}, errors.New("the file is empty")
	}
	in := bufio.NewReaderSize(r, 1<<16)
	if start, _ := in.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return readPlain(in, size, size, want, check)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return idx{}, fmt.Errorf("damaged gzip header: %w", err)
	}
	return readPlain(z, -1, size, want, check)
}

// readPlain reads an uncompressed stream. size is its length, or -1 if only its
// compressed size is known.
func readPlain(r io.Reader, size, compressed int64, want kind, check checkHeader) (idx, error) {
	header := make([]byte, want.headerSize())
	if n, err := io.ReadFull(r, header); err != nil {
		if len(header) >= 4 && n >= 4 {
			if err := checkMagic(header, want); err != nil {
				return idx{}, err
			}
		}
		return idx{}, fmt.Errorf("the header of %d bytes is cut off after %d: %w", len(header), n, orDamaged(err))
	}
	if err := checkMagic(header, want); err != nil {
		return idx{}, err
	}
	count, rows, cols := uint64(binary.BigEndian.Uint32(header[4:])), uint64(1), uint64(1)
	if want == imageFile {
		rows, cols = uint64(binary.BigEndian.Uint32(header[8:])), uint64(binary.BigEndian.Uint32(header[12:]))
	}
	claim := fmt.Sprintf("%d %v", count, want)
	if want == imageFile {
		claim += fmt.Sprintf(" of %dx%d", rows, cols)
	}
	if count == 0 || rows == 0 || cols == 0 {
		return idx{}, fmt.Errorf("the header claims %s: there is nothing to read", claim)
	}
	if rows > 1<<15 || cols > 1<<15 {
		return idx{}, fmt.Errorf("the header claims %s: no image is that large", claim)
	}
	total := count * rows * cols // below 2^62
	body := int64(total)
	switch held := size - want.headerSize(); {
	case size >= 0 && body > held:
		return idx{}, fmt.Errorf("the header claims %s (%s), the file holds %s after it", claim, inBytes(body), inBytes(held))
	case size >= 0 && body < held:
		return idx{}, fmt.Errorf("%s after the last item, at byte %d (the header claims %s)", inBytes(held-body), want.headerSize()+body, claim)
	case body > compressed*maxDeflate:
		return idx{}, fmt.Errorf("the header claims %s (%s), which %s of gzip cannot hold", claim, inBytes(body), inBytes(compressed))
	}
	if check != nil {
		if err := check(int(count), int(rows), int(cols)); err != nil {
			return idx{}, err
		}
	}
	data, err := readExactly(r, body)
	if err != nil {
		return idx{}, fmt.Errorf("the header claims %s (%s), but %w", claim, inBytes(body), err)
	}
	var extra [1]byte
	switch n, err := io.ReadFull(r, extra[:]); {
	case n > 0:
		return idx{}, fmt.Errorf("more bytes after the last item, at byte %d (the header claims %s)", want.headerSize()+body, claim)
	case err != io.EOF:
		return idx{}, fmt.Errorf("damaged after the last item: %w", err)
	}
	return idx{count: int(count), rows: int(rows), cols: int(cols), data: data}, nil
}

func checkMagic(header []byte, want kind) error {
	magic := kind(binary.BigEndian.Uint32(header))
	switch {
	case magic == want:
		return nil
	case magic == imageFile || magic == labelFile:
		return fmt.Errorf("this is a file of %v, want %v: are the two swapped?", magic, want)
	}
	return fmt.Errorf("magic number %#08x at byte 0, want %#08x: this is no IDX file of %v", uint32(magic), uint32(want), want)
}

// readExactly reads n bytes, asking for memory only as they arrive.
func readExactly(r io.Reader, n int64) ([]byte, error) {
	data := make([]byte, 0, min(n, growth))
	for int64(len(data)) < n {
		if len(data) == cap(data) {
			bigger := make([]byte, len(data), min(n, 4*int64(cap(data))))
			adviseHugePages(bigger)
			copy(bigger, data)
			data = bigger
		}
		got, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+got]
		if err != nil {
			return nil, fmt.Errorf("the data ends after %s: %w", inBytes(int64(len(data))), orDamaged(err))
		}
	}
	return data, nil
}

// orDamaged words the ends of streams for people.
func orDamaged(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file is cut off")
	}
	return fmt.Errorf("the file is damaged: %w", err)
}

// inBytes renders a size: "17 bytes", "47.0 MB".
func inBytes(n int64) string {
	switch x := float64(n); {
	case n == 1:
		return "1 byte"
	case n < 1e4:
		return fmt.Sprintf("%d bytes", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", x/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", x/1e6)
	default:
		return fmt.Sprintf("%.1f GB", x/1e9)
	}
}
