package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// errTooLong is the reason of a damage: a line that nobody should have written.
var errTooLong = fmt.Errorf("the line is longer than %d MiB", MaxLine>>20)

// lineReader reads the complete lines of a part of a file.
type lineReader struct {
	file   io.ReaderAt
	offset int64 // of the next line
	end    int64 // of the part
	store  []byte
	ahead  []byte // the part of store that is read and not consumed
}

// newLineReader reads the lines between two offsets.
func newLineReader(file io.ReaderAt, from, end int64) *lineReader {
	size := min(256<<10, max(512, end-from))
	return &lineReader{file: file, offset: from, end: end, store: make([]byte, size)}
}

// next returns the next line without its line feed and where it begins; nil
// after the last complete one, and then that is where they end. The line is valid
// until the next call. A line that is too long is an error; next goes on behind it.
func (r *lineReader) next() (line []byte, offset int64, err error) {
	offset = r.offset
	for seen, long := 0, false; ; {
		if i := bytes.IndexByte(r.ahead[seen:], '\n'); i >= 0 {
			line = r.ahead[: seen+i : seen+i]
			r.drop(seen + i + 1)
			if long || len(line) > MaxLine {
				return nil, offset, errTooLong
			}
			return line, offset, nil
		}
		if seen = len(r.ahead); seen > MaxLine {
			r.drop(seen)
			seen, long = 0, true
		}
		more, err := r.fill()
		if err != nil || !more {
			return nil, offset, err
		}
	}
}

func (r *lineReader) drop(n int) {
	r.ahead = r.ahead[n:]
	r.offset += int64(n)
}

// fill reads on; more is false at the end.
func (r *lineReader) fill() (more bool, err error) {
	at := r.offset + int64(len(r.ahead))
	if at >= r.end {
		return false, nil
	}
	if len(r.ahead) > len(r.store)/2 {
		r.store = append(r.store, make([]byte, len(r.store))...)
	}
	kept := copy(r.store, r.ahead)
	n := int(min(int64(len(r.store)-kept), r.end-at))
	n, err = r.file.ReadAt(r.store[kept:kept+n], at)
	r.ahead = r.store[:kept+n]
	if errors.Is(err, io.EOF) { // the file is shorter than it was
		err, r.end = nil, at+int64(n)
	}
	return n > 0, err
}

// lastLineEnd returns where the last complete line of a file of that size ends.
func lastLineEnd(file io.ReaderAt, size int64) (int64, error) {
	var last [1]byte // the usual case
	if size > 0 {
		if _, err := file.ReadAt(last[:], size-1); err != nil || last[0] == '\n' {
			return size, err
		}
	}
	buf := make([]byte, min(size, 64<<10))
	for end := size; end > 0; {
		from := max(0, end-int64(len(buf)))
		part := buf[:end-from]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}

// lineNumber returns the number, from 1, of the line that begins at an offset.
func lineNumber(file io.ReaderAt, offset int64) (int, error) {
	buf := make([]byte, 256<<10)
	n := 1
	for at := int64(0); at < offset; {
		part := buf[:min(int64(len(buf)), offset-at)]
		m, err := file.ReadAt(part, at)
		n += bytes.Count(part[:m], []byte{'\n'})
		if err != nil {
			return n, err
		}
		at += int64(m)
	}
	return n, nil
}
