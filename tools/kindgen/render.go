package main

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object that keeps the order of its keys.
type object struct {
	keys   []string
	values map[string]any
}

// raw is JSON text that is written as it stands.
type raw string

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(key string, value any) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(line(k))
		b.WriteByte(':')
		b.Write(line(o.values[k]))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// line renders a value on one line. The values are built here, so encoding cannot fail.
func line(v any) []byte {
	if r, ok := v.(raw); ok {
		return []byte(r)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// render writes the named types as a file, one property per line.
func render(names []string, defs map[string]*typeDef) []byte {
	var b bytes.Buffer
	b.WriteString("{\n\"types\": {\n")
	for i, name := range names {
		d := defs[name]
		b.WriteString(" " + string(line(name)) + ": {\n")
		for j, k := range d.head.keys {
			b.WriteString("  " + string(line(k)) + ": " + string(line(d.head.values[k])))
			if j+1 < len(d.head.keys) || len(d.props) > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		renderProperties(&b, d.props)
		b.WriteString(" }")
		if i+1 < len(names) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n}\n")
	return b.Bytes()
}

func renderProperties(b *bytes.Buffer, props []property) {
	if len(props) == 0 {
		return
	}
	b.WriteString("  \"properties\": {\n")
	for i, p := range props {
		b.WriteString("   " + string(line(p.name)) + ": " + string(line(p.body)))
		if i+1 < len(props) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("  }\n")
}
