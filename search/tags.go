package search

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// tagName is the key of the struct tag that declares a parameter.
const tagName = "param"

// SpaceOf makes a space of the fields of the struct T, whose param tags have the form
// that ParseParam reads. Without NAME= the parameter has the field's name in snake case:
//
//	type config struct {
//		LearningRate float64 `param:"1e-5..1e-1:log"` // learning_rate
//		Batch        int     `param:"32,64,128"`
//		Rule         string  `param:"optimizer=sgd,adam"`
//		Momentum     float64 `param:"0..0.99:when=optimizer=sgd"`
//		Verbose      bool    `param:"-"` // not a parameter
//	}
//
// A range takes real numbers in a float64 field, also where its ends are written as
// integers, and integers in an int field. Lists of integers go with both, lists of other
// numbers with a float64, words with a string, the words true and false with a bool. The
// fields of an embedded struct count as the struct's own. An exported field without a tag
// is an error, so that none is forgotten; one that is not exported is left alone.
func SpaceOf[T any]() (Space, error) {
	var params []Param
	err := eachTagged(reflect.TypeFor[T](), nil, func(_ []int, p Param) error {
		params = append(params, p)
		return nil
	})
	if err != nil {
		return Space{}, err
	}
	if len(params) == 0 {
		return Space{}, fmt.Errorf("search: %v has no field with a %s tag", reflect.TypeFor[T](), tagName)
	}
	return NewSpace(params...)
}

// Bind stores the values of p in the fields of a T by their param tags. A field
// whose parameter is not active stays zero.
func Bind[T any](p Params) (T, error) {
	var out T
	v := reflect.ValueOf(&out).Elem()
	err := eachTagged(v.Type(), nil, func(index []int, q Param) error {
		value, ok := p[q.Name]
		if !ok {
			return nil
		}
		switch field := v.FieldByIndex(index); field.Kind() {
		case reflect.Float64:
			if x, ok := p.Float(q.Name); ok {
				field.SetFloat(x)
				return nil
			}
		case reflect.Int:
			if x, ok := p.Int(q.Name); ok {
				field.SetInt(int64(x))
				return nil
			}
		case reflect.String:
			if x, ok := p.Text(q.Name); ok {
				field.SetString(x)
				return nil
			}
		case reflect.Bool:
			if x, ok := p.Text(q.Name); ok {
				field.SetBool(x == "true")
				return nil
			}
		}
		return fmt.Errorf("search: parameter %q has the value %v (%T), which the field %s cannot hold", q.Name, value, value, v.Type().FieldByIndex(index).Name)
	})
	return out, err
}

// eachTagged visits the fields of a struct type that are parameters; above is where the
// struct is embedded.
func eachTagged(t reflect.Type, above []int, visit func(index []int, p Param) error) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("search: %v is no struct", t)
	}
	for i := range t.NumField() {
		f, index := t.Field(i), append(above[:len(above):len(above)], i)
		text, tagged := f.Tag.Lookup(tagName)
		var err error
		switch {
		case text == "-":
		case !tagged && f.Anonymous && f.Type.Kind() == reflect.Struct:
			err = eachTagged(f.Type, index, visit)
		case !tagged && f.IsExported():
			err = fmt.Errorf(`search: the field %v.%s has no %s tag (%s:"-" leaves it out of the space)`, t, f.Name, tagName, tagName)
		case tagged:
			var p Param
			if p, err = paramOf(t, f, text); err == nil {
				err = visit(index, p)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// paramOf returns the parameter that a field of t declares.
func paramOf(t reflect.Type, f reflect.StructField, text string) (Param, error) {
	if !f.IsExported() {
		return Param{}, fmt.Errorf("search: the field %v.%s has a %s tag but is not exported", t, f.Name, tagName)
	}
	if name, _, named := strings.Cut(text, "="); !named || !paramName.MatchString(name) {
		if !strings.Contains(text, "..") && !strings.Contains(text, ",") {
			return Param{}, fmt.Errorf("search: the %s tag of the field %v.%s has no values (got %q); %s", tagName, t, f.Name, text, paramForms)
		}
		text = snakeCase(f.Name) + "=" + text
	}
	p, err := ParseParam(text)
	if err != nil {
		return Param{}, fmt.Errorf("%w (tag of the field %v.%s)", err, t, f.Name)
	}
	if p.Kind == Integer && f.Type.Kind() == reflect.Float64 {
		p.Kind = Real
	}
	if !holds(f.Type.Kind(), p) {
		return Param{}, fmt.Errorf("search: the field %v.%s is a %v, which cannot hold %s", t, f.Name, f.Type, p)
	}
	return p, nil
}

// snakeCase turns LearningRate into learning_rate and HTTPPort into http_port.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins && runes[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// holds reports whether a field of this kind takes every value of p.
func holds(k reflect.Kind, p Param) bool {
	switch k {
	case reflect.Float64:
		return p.Kind != Category
	case reflect.Int:
		for _, v := range p.Values {
			if _, ok := v.(int); !ok {
				return false
			}
		}
		return p.Kind == Integer || p.Kind == Choice
	case reflect.String:
		return p.Kind == Category
	case reflect.Bool:
		for _, v := range p.Values {
			if v != "true" && v != "false" {
				return false
			}
		}
		return p.Kind == Category
	}
	return false
}
