package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteCSV writes the table as RFC 4180 has it: a line of names, a line a trial, CRLF ends,
// UTF-8. Numbers are exact: floats have a point or an exponent, integers do not, so
// pandas.read_csv has them with their types (older versions to the last bit only with
// float_precision="round_trip"). The column params is JSON text.
func (t *Table) WriteCSV(w io.Writer) error {
	out := bufio.NewWriter(w)
	writeRecord(out, t.Columns)
	fields := make([]string, len(t.Columns))
	for _, row := range t.Rows {
		for i, cell := range row {
			fields[i] = plain(cell)
		}
		writeRecord(out, fields)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: writing CSV: %w", err)
	}
	return nil
}

// writeRecord writes a line. A text with line ends keeps them as they are, and a lone empty
// field is quoted: readers skip empty lines.
func writeRecord(w *bufio.Writer, fields []string) {
	for i, field := range fields {
		if i > 0 {
			w.WriteByte(',')
		}
		if strings.ContainsAny(field, "\",\r\n") || strings.TrimSpace(field) != field || field == "" && len(fields) == 1 {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		w.WriteString(field)
	}
	w.WriteString("\r\n")
}
