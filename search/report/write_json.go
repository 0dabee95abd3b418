package report

import (
	"bufio"
	"fmt"
	"io"
)

// WriteJSON writes the table as one JSON object: "study" (its name, null if it has none),
// "direction" (minimize or maximize), "columns" (their names in order) and "trials", a list
// of objects with a value for each column. "params" is an object. Floats are exact and
// have a point or an exponent.
func (t *Table) WriteJSON(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "{\n  \"study\": %s,\n  \"direction\": %s,\n  \"columns\": [", appendJSON(nil, text(t.Study)), quote(t.Direction.String()))
	for i, name := range t.Columns {
		if i > 0 {
			out.WriteString(", ")
		}
		out.Write(quote(name))
	}
	out.WriteString("],\n  \"trials\": [")
	for i, row := range t.Rows {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    {")
		for j, cell := range row {
			if j > 0 {
				out.WriteString(", ")
			}
			fmt.Fprintf(out, "%s: %s", quote(t.Columns[j]), appendJSON(nil, cell))
		}
		out.WriteByte('}')
	}
	if len(t.Rows) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("]\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: writing JSON: %w", err)
	}
	return nil
}
