package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteText writes the table for people: aligned columns with short headings, floats with
// about four digits. A table that is wider than width characters has headings of several
// lines, broken behind "_", and less room between the columns; it may still be too wide
// (see Essential and Select). 0 is any width.
func (t *Table) WriteText(w io.Writer, width int) error {
	columns := make([]textColumn, len(t.Columns))
	total := 0
	for i, heading := range headings(t.Columns) {
		c := textColumn{heading: []string{oneLine(heading)}}
		c.cells, c.right = t.texts(i)
		columns[i] = c
		total += c.width() + 2
	}
	gap := "  "
	if width > 0 && total-2 > width {
		total = 0
		for i := range columns {
			columns[i].breakHeading()
			total += columns[i].width() + 2
		}
		if total-2 > width {
			gap = " "
		}
	}
	out := bufio.NewWriter(w)
	lines := 0
	for _, c := range columns {
		lines = max(lines, len(c.heading))
	}
	for i := range lines {
		writeLine(out, columns, gap, func(c textColumn) string {
			if j := i - (lines - len(c.heading)); j >= 0 { // headings stand on the first row
				return c.heading[j]
			}
			return ""
		})
	}
	for i := range t.Rows {
		writeLine(out, columns, gap, func(c textColumn) string { return c.cells[i] })
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: writing text: %w", err)
	}
	return nil
}

// textColumn is a column of a text.
type textColumn struct {
	heading []string // lines
	cells   []string
	right   bool
}

func (c textColumn) width() int { return max(widest(c.heading), widest(c.cells)) }

// breakHeading breaks the heading into as few lines as its longest word and the cells
// leave room for.
func (c *textColumn) breakHeading() {
	words := strings.SplitAfter(c.heading[0], "_")
	room := max(widest(words), widest(c.cells))
	c.heading = []string{words[0]}
	for _, word := range words[1:] {
		if last := len(c.heading) - 1; widest([]string{c.heading[last] + word}) <= room {
			c.heading[last] += word
		} else {
			c.heading = append(c.heading, word)
		}
	}
}

// writeLine writes a line of a text, without spaces at its end.
func writeLine(w *bufio.Writer, columns []textColumn, gap string, cell func(textColumn) string) {
	var line strings.Builder
	for i, c := range columns {
		if i > 0 {
			line.WriteString(gap)
		}
		line.WriteString(pad(cell(c), c.width(), c.right))
	}
	w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}
