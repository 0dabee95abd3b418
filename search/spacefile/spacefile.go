// Package spacefile reads a search space from a YAML file. Each key is a
// parameter, in the order of the file; its value is the text that the command
// line takes, a list, or a mapping:
//
//	learning_rate: 1e-5..1e-1:log
//	batch_size: [32, 64, 128]
//	num_layers: {low: 1, high: 3}
//	dropout: {low: 0.0, high: 0.5, step: 0.1, n: 3, when: num_layers>=2}
//	optimizer: {values: [sgd, adam], when: num_layers==1}
//
// Why github.com/goccy/go-yaml (MIT, pure Go, no dependencies): it is actively
// kept and its syntax tree has the lines that errors name.
package spacefile

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"mnisttune/search"
)

// maxSize bounds a file; a space of a thousand parameters fits.
const maxSize = 1 << 20

// Load reads the space in a file. Errors name the file and the line.
func Load(path string) (search.Space, error) {
	info, err := os.Stat(path)
	if err != nil {
		return search.Space{}, fmt.Errorf("spacefile: %s: %w", path, errors.Unwrap(err))
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return search.Space{}, fmt.Errorf("spacefile: %s: want a YAML file of at most %d bytes", path, maxSize)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return search.Space{}, fmt.Errorf("spacefile: %s: %w", path, errors.Unwrap(err))
	}
	return Parse(path, data)
}

// Parse reads the space in data; name stands for the file in errors.
func Parse(name string, data []byte) (search.Space, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return search.Space{}, fmt.Errorf("spacefile: %s: %s", name, firstLine(err))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return search.Space{}, fmt.Errorf("spacefile: %s: want one document with a line a parameter, as in learning_rate: 1e-5..1e-1:log", name)
	}
	entries, ok := mapping(file.Docs[0].Body)
	if !ok {
		return search.Space{}, fmt.Errorf("spacefile: %s: want NAME: VALUE on each line, as in learning_rate: 1e-5..1e-1:log", name)
	}
	var params []search.Param
	for _, e := range entries {
		line := e.Key.GetToken().Position.Line
		text, err := paramText(e)
		if err != nil {
			return search.Space{}, fmt.Errorf("spacefile: %s:%d: %w", name, line, err)
		}
		p, err := search.ParseParam(text)
		if err != nil {
			return search.Space{}, fmt.Errorf("spacefile: %s:%d: %w", name, line, err)
		}
		params = append(params, p)
	}
	space, err := search.NewSpace(params...)
	if err != nil {
		return search.Space{}, fmt.Errorf("spacefile: %s: %w", name, err)
	}
	return space, nil
}

// firstLine leaves out the picture of the source that the parser's errors draw.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// mapping returns the entries of a mapping; one of a single entry is a node of
// its own kind.
func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// paramText writes an entry in the form of the command line.
func paramText(e *ast.MappingValueNode) (string, error) {
	name := e.Key.GetToken().Value
	if text, err := listText(e.Value); err == nil {
		return name + "=" + text, nil
	}
	entries, ok := mapping(e.Value)
	if !ok {
		text, err := scalar(e.Value)
		return name + "=" + text, err
	}
	fields := make(map[string]string, len(entries))
	for _, f := range entries {
		key := f.Key.GetToken().Value
		text, err := listText(f.Value)
		if err != nil {
			if text, err = scalar(f.Value); err != nil {
				return "", fmt.Errorf("%s: %s: %w", name, key, err)
			}
		}
		fields[key] = text
	}
	return name + "=" + fieldsText(fields), checkFields(name, fields)
}

func checkFields(name string, fields map[string]string) error {
	_, low := fields["low"]
	_, high := fields["high"]
	_, values := fields["values"]
	if low != high || low == values {
		return fmt.Errorf("%s: want low and high, or values", name)
	}
	for key, value := range fields {
		switch key {
		case "low", "high", "step", "n", "when", "values":
		case "log":
			if value != "true" && value != "false" {
				return fmt.Errorf("%s: log is true or false (got %s)", name, value)
			}
		default:
			return fmt.Errorf("%s: unknown key %q (have: low, high, values, log, step, n, when)", name, key)
		}
	}
	return nil
}

func fieldsText(f map[string]string) string {
	text := f["values"]
	if text == "" {
		text = f["low"] + ".." + f["high"]
	}
	if f["log"] == "true" {
		text += ":log"
	}
	for _, key := range []string{"step", "n", "when"} {
		if f[key] != "" {
			text += ":" + key + "=" + strings.ReplaceAll(f[key], " ", "")
		}
	}
	return text
}

func listText(n ast.Node) (string, error) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return "", errors.New("no list")
	}
	items := make([]string, len(list.Values))
	for i, v := range list.Values {
		var err error
		if items[i], err = scalar(v); err != nil {
			return "", err
		}
	}
	return strings.Join(items, ","), nil
}

func scalar(n ast.Node) (string, error) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	}
	return "", fmt.Errorf("want a number, a word, a range or a list (got %s)", firstLine(errors.New(n.String())))
}
