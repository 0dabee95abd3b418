package command

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{`./train.sh --lr {learning_rate} "a b"`, []string{"./train.sh", "--lr", "{learning_rate}", "a b"}},
		{" a\tb\n c ", []string{"a", "b", "c"}},
		{`a'b c'"d e"f`, []string{"ab cd ef"}},
		{`'' "" x`, []string{"", "", "x"}},
		{`'\n"$x` + "`" + `'`, []string{`\n"$x` + "`"}},
		{`"\$\"\\\` + "`" + `\n'"`, []string{`$"\` + "`" + `\n'`}},
		{"a\\ b \\'c a\\\nb", []string{"a b", "'c", "ab"}},
		{`50$ "$ " *.go ~ #c`, []string{"50$", "$ ", "*.go", "~", "#c"}},
		{`\| \$x \\`, []string{"|", "$x", `\`}},
		{`"größe {x}"`, []string{"größe {x}"}},
	} {
		got, err := Parse(test.text)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q (%v)", test.text, got, test.want, err)
		}
	}
	for text, want := range map[string]string{
		`a "b c`: "is not closed", `a 'b`: "is not closed", `a \`: "ends in a", "": "no command", " \n": "no command",
		`a | b`: "needs a shell", `a>b`: "needs a shell", `a && b`: "needs a shell", `a $HOME`: "$H needs a shell",
		`"${x}"`: "${ needs a shell", "`a`": "needs a shell", `(a)`: "needs a shell",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// What Parse takes it splits as the shell that is there.
func TestParseAsShell(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no /bin/sh here")
	}
	for _, text := range []string{
		`a "b c" 'd e' f\ g`, `"a\b\"c\$d\\e" '' ""`, "a\\\nb c\"d\\\ne\"", `a'b'"c"d 50$ "$"`, `x=1 {a,b} "{lr}" a#b`,
	} {
		words, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("/bin/sh", "-c", `printf '%s\n' `+text).Output()
		if want := strings.Join(words, "\n") + "\n"; err != nil || string(out) != want {
			t.Errorf("%s: the shell says %q, Parse %q (%v)", text, out, want, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{`a "b c" 'd'`, `\`, `"\`, `a|b`, "$x", "''", "'a'\\''b'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := Parse(text)
		if (err == nil) != (len(words) > 0) {
			t.Fatalf("%q and %v", words, err)
		}
		// Quoted in either way any words come back.
		for _, quote := range []func(string) string{
			func(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" },
			func(w string) string {
				return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(w) + `"`
			},
		} {
			var quoted []string
			for _, w := range append(words, text) {
				quoted = append(quoted, quote(w))
			}
			again, err := Parse(strings.Join(quoted, " "))
			if err != nil || !slices.Equal(again, append(words, text)) {
				t.Fatalf("%q came back as %q (%v)", append(words, text), again, err)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"{a}", "{{a}}", "${a}", "'{a}'", `"{a}"`, `\{a}`, "# {a}", "{", "}", "${{a}}", "a}}{{"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, shell := range []bool{false, true} {
			if parsed, err := compile(text, shell); err == nil {
				_ = parsed.names(func(name string) error {
					if name == "" || strings.Contains(name, "}") {
						t.Fatalf("%q has the name %q", text, name)
					}
					return nil
				})
			}
		}
		escaped := strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
		parsed, err := compile(escaped+"{v}"+escaped, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parsed.expand(values{"v": text}); !ok || got != text+text+text {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

func FuzzLine(f *testing.F) {
	for _, line := range []string{"value: 1", "report: 1 2", `{"value": NaN, "step": 1}`, `{"value": "NaN", "a\"b": "x"}`, `{"value": -Infinity}`, "{"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var lines []string
		readLines(strings.NewReader(line), 16, func(b []byte) { lines = append(lines, string(b)) })
		for _, l := range lines {
			if len(l) > 16 || strings.Contains(l, "\n") {
				t.Fatalf("the line %q", l)
			}
		}
		if m, err := parseLine(line); err == nil && m != nil && m.report && m.attrs != nil {
			t.Fatalf("a report with attributes: %+v", m)
		}
		tail := tail{}
		_, _ = tail.Write([]byte(line))
		if len(tail.String()) > 3*tailBytes {
			t.Fatal("the tail is too long")
		}
	})
}

func TestParseLine(t *testing.T) {
	for line, want := range map[string]message{
		"report:-1 2":                       {report: true, step: -1, value: 2},
		"REPORT : 3.0\t1e2 ":                {report: true, step: 3, value: 100},
		`{"step": 1e1, "value": 0x10}`:      {}, // no JSON
		`{"step": 1e1, "value": 16}`:        {report: true, step: 10, value: 16},
		`{"step": null, "value": 1}`:        {value: 1},
		`{"value": "0.5"}`:                  {}, // a text
		`{"value": {"a": 1}}`:               {},
		`[{"value": 1}]`:                    {},
		`{"Value": 1}`:                      {},
		"report: 1.5 2":                     {},
		"report: 1 2 3":                     {},
		"value: 0.5 0.6":                    {},
		"value:":                            {},
		`{"value": 2, "text": "\"NaN NaN"}`: {value: 2},
	} {
		m, err := parseLine(line)
		none := want.value == 0
		if none != (m == nil || err != nil) || !none && (m.report != want.report || m.step != want.step || m.value != want.value) {
			t.Errorf("%s: %+v, %v", line, m, err)
		}
	}
}

func TestTail(t *testing.T) {
	tail := &tail{}
	for range 10_000 {
		_, _ = tail.Write([]byte("an early line\n"))
	}
	_, _ = tail.Write([]byte("a\nb\r\n\n 10 %\r 20 %\r\nc\xff"))
	if got := tail.String(); !strings.HasSuffix(got, "early line\n\ta\n\tb\n\t 20 %\n\tc?") {
		t.Errorf("%q", got)
	}
	_, _ = tail.Write([]byte(strings.Repeat("x", 1<<20)))
	if got := tail.String(); len(got) > tailBytes+40 || cap(tail.buf) > 1<<16 {
		t.Errorf("%d bytes of text in %d", len(got), cap(tail.buf))
	}
}
