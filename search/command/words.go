package command

import (
	"errors"
	"fmt"
	"strings"
)

// Parse splits a text into the words of an argument vector as a POSIX shell does:
// words end at spaces, tabs and newlines, '...' keeps everything, "..." keeps
// everything but \ before $, `, ", \ and a newline, and outside of quotes \ keeps the
// next character. Nothing is expanded; *, ~ and # are plain characters. What would
// make a shell do something else than split (| & ; < > ( ) outside of quotes, $NAME and
// ` outside of single quotes) is an error that says so, as are an open quote and a text
// without words.
func Parse(text string) ([]string, error) {
	words, err := (&splitter{rest: text}).split()
	if err == nil && len(words) == 0 {
		err = errors.New("there is no command in it")
	}
	if err != nil {
		return nil, fmt.Errorf("command: %q: %w", text, err)
	}
	return words, nil
}

// splitter is the state of Parse.
type splitter struct {
	rest  string
	words []string
	word  strings.Builder
	open  bool // a word has begun
}

func (s *splitter) split() ([]string, error) {
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch c {
		case ' ', '\t', '\n':
			s.end()
			continue
		case '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
			continue
		}
		s.open = true
		var err error
		switch c {
		case '\'':
			err = s.single()
		case '"':
			err = s.double()
		case '|', '&', ';', '<', '>', '(', ')':
			err = needsShell(string(c))
		default:
			err = s.plain(c)
		}
		if err != nil {
			return nil, err
		}
	}
	s.end()
	return s.words, nil
}

func (s *splitter) end() {
	if s.open {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.open = false
}

// escape reads what stands after a \ outside of quotes.
func (s *splitter) escape() error {
	if s.rest == "" {
		return errors.New(`it ends in a \ (write \\ for one)`)
	}
	if s.rest[0] != '\n' { // else the line goes on
		s.word.WriteByte(s.rest[0])
		s.open = true
	}
	s.rest = s.rest[1:]
	return nil
}

func (s *splitter) single() error {
	text, rest, ok := strings.Cut(s.rest, "'")
	if !ok {
		return fmt.Errorf("the quote ' before %q is not closed", s.rest)
	}
	s.word.WriteString(text)
	s.rest = rest
	return nil
}

func (s *splitter) double() error {
	start := s.rest
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case c == '"':
			return nil
		case c == '\\' && s.rest != "" && strings.IndexByte("$`\"\\\n", s.rest[0]) >= 0:
			if s.rest[0] != '\n' {
				s.word.WriteByte(s.rest[0])
			}
			s.rest = s.rest[1:]
		default:
			if err := s.plain(c); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the quote \" before %q is not closed", start)
}

// plain adds a character that a shell might expand.
func (s *splitter) plain(c byte) error {
	if c == '`' {
		return needsShell("`")
	}
	if c == '$' && s.rest != "" && (isNameByte(s.rest[0]) || strings.IndexByte("{(@*#?$!-", s.rest[0]) >= 0) {
		return needsShell("$" + s.rest[:1])
	}
	s.word.WriteByte(c)
	return nil
}

func needsShell(what string) error {
	return fmt.Errorf("%s needs a shell, and this is run without one (put it in single quotes if it is meant literally)", what)
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
