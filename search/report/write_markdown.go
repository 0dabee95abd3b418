package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the table as GitHub Flavored Markdown has it (specification 0.29,
// section 4.10), with the columns' names above and floats with about four digits. What
// would be markup in a text, such as a pipe, is escaped.
func (t *Table) WriteMarkdown(w io.Writer) error {
	columns := make([]textColumn, len(t.Columns))
	for i, name := range t.Columns {
		cells, right := t.texts(i)
		for j := range cells {
			cells[j] = markdown.Replace(cells[j])
		}
		columns[i] = textColumn{heading: []string{markdown.Replace(oneLine(name))}, cells: cells, right: right}
	}
	out := bufio.NewWriter(w)
	line := func(cell func(textColumn) string) {
		for _, c := range columns {
			out.WriteString("| " + pad(cell(c), c.ruled(), c.right) + " ")
		}
		out.WriteString("|\n")
	}
	line(func(c textColumn) string { return c.heading[0] })
	line(func(c textColumn) string {
		if c.right {
			return strings.Repeat("-", c.ruled()-1) + ":"
		}
		return strings.Repeat("-", c.ruled())
	})
	for i := range t.Rows {
		line(func(c textColumn) string { return c.cells[i] })
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: writing Markdown: %w", err)
	}
	return nil
}

// ruled is the width of the column in Markdown, where the rule below the heading needs three
// characters.
func (c textColumn) ruled() int { return max(c.width(), 3) }

// markdown escapes what is markup within a table's cell.
var markdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "`", "\\`", "<", "&lt;", "&", "&amp;", "[", `\[`, "]", `\]`, "~", `\~`)
