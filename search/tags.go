package search

import (
	"fmt"
	"reflect"
)

// tagName is the key of the struct tag that declares a parameter.
const tagName = "param"

// SpaceOf makes a space of the fields of the struct T that have a param tag in
// the form that ParseParam reads:
//
//	type config struct {
//		Rate  float64 `param:"rate=1e-5..1e-1:log"`
//		Batch int     `param:"batch=32,64,128"`
//		Rule  string  `param:"rule=sgd,adam"`
//	}
//
// Real parameters and choices with a fraction need a float64 field, integers an
// int or a float64, words a string, the words true and false a bool.
func SpaceOf[T any]() (Space, error) {
	var params []Param
	err := eachTagged(reflect.TypeFor[T](), func(_ int, p Param) error {
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
	err := eachTagged(v.Type(), func(i int, q Param) error {
		value, ok := p[q.Name]
		if !ok {
			return nil
		}
		switch field := v.Field(i); field.Kind() {
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
		return fmt.Errorf("search: parameter %q has the value %v (%T), which the field %s cannot hold", q.Name, value, value, v.Type().Field(i).Name)
	})
	return out, err
}

// eachTagged visits the tagged fields of a struct type.
func eachTagged(t reflect.Type, visit func(field int, p Param) error) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("search: %v is no struct", t)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		text, ok := f.Tag.Lookup(tagName)
		if !ok {
			continue
		}
		p, err := ParseParam(text)
		if err != nil {
			return fmt.Errorf("%w (tag of the field %v.%s)", err, t, f.Name)
		}
		if !f.IsExported() {
			return fmt.Errorf("search: the field %v.%s has a %s tag but is not exported", t, f.Name, tagName)
		}
		if !holds(f.Type.Kind(), p) {
			return fmt.Errorf("search: the field %v.%s is a %v, which cannot hold %s", t, f.Name, f.Type, p)
		}
		if err := visit(i, p); err != nil {
			return err
		}
	}
	return nil
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
