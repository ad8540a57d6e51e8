package main

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// typeDef is a named type as it will be written.
type typeDef struct {
	head  *object // type, required, list/map types, group-version-kind
	props []property
}

type property struct {
	name string
	body *object
}

// walker follows Go types from the roots and collects every named struct once.
type walker struct {
	marks *markers
	gvks  map[reflect.Type]schema.GroupVersionKind
	queue []reflect.Type
	seen  map[reflect.Type]bool
	defs  map[string]*typeDef
}

func newWalker(m *markers) *walker {
	return &walker{
		marks: m, gvks: map[reflect.Type]schema.GroupVersionKind{},
		seen: map[reflect.Type]bool{}, defs: map[string]*typeDef{},
	}
}

func (w *walker) add(r root) error {
	if r.gvk != nil {
		w.gvks[r.typ] = *r.gvk
	}
	_, err := w.ref(r.typ)
	return err
}

// ref names a struct type and queues it for definition.
func (w *walker) ref(t reflect.Type) (string, error) {
	prefix, ok := packages[t.PkgPath()]
	if !ok {
		return "", fmt.Errorf("type %s of package %q is not known", t.Name(), t.PkgPath())
	}
	if !w.seen[t] {
		w.seen[t] = true
		w.queue = append(w.queue, t)
	}
	return prefix + "." + t.Name(), nil
}

func (w *walker) walk() error {
	for len(w.queue) > 0 {
		t := w.queue[0]
		w.queue = w.queue[1:]
		if err := w.define(t); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) define(t reflect.Type) error {
	name := packages[t.PkgPath()] + "." + t.Name()
	d := &typeDef{head: newObject()}
	d.head.set("type", "object")
	var required []string
	if err := w.collect(t, nil, d, &required); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(required) > 0 {
		d.head.set("required", required)
	}
	marks := w.marks.types[name]
	if v := values(marks, "structType"); len(v) > 0 {
		d.head.set("x-kubernetes-map-type", v[0])
	}
	if gvk, ok := w.gvks[t]; ok {
		g := newObject()
		g.set("group", gvk.Group)
		g.set("version", gvk.Version)
		g.set("kind", gvk.Kind)
		d.head.set("x-kubernetes-group-version-kind", []*object{g})
	}
	w.defs[name] = d
	return nil
}

// jsonTag splits a json struct tag into name, omit rule ("", "omitempty", "omitzero") and inline.
func jsonTag(f reflect.StructField) (name, omit string, inline bool) {
	parts := strings.Split(f.Tag.Get("json"), ",")
	for _, p := range parts[1:] {
		switch p {
		case "inline":
			inline = true
		case "omitempty":
			if omit == "" {
				omit = p
			}
		case "omitzero":
			omit = p // the stricter rule: it also omits empty structs, which omitempty never does
		}
	}
	return parts[0], omit, inline || (f.Anonymous && parts[0] == "")
}

// pbNumber returns the protobuf field number, 0 for a field that protobuf does not carry.
func pbNumber(f reflect.StructField) (int, error) {
	tag := f.Tag.Get("protobuf")
	if tag == "" || tag == "-" {
		return 0, nil
	}
	parts := strings.Split(tag, ",")
	if len(parts) < 2 {
		return 0, fmt.Errorf("field %s: protobuf tag %q", f.Name, tag)
	}
	return strconv.Atoi(parts[1])
}

// collect appends the JSON properties of a struct; path holds the protobuf
// numbers of the inlined structs around it. A 0 in the path says that
// protobuf does not carry the outer struct.
func (w *walker) collect(t reflect.Type, path []int, d *typeDef, required *[]string) error {
	typeName := packages[t.PkgPath()] + "." + t.Name()
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		name, _, inline := jsonTag(f)
		num, err := pbNumber(f)
		if err != nil {
			return err
		}
		here := append(append([]int(nil), path...), num)
		if inline {
			if f.Type.Kind() != reflect.Struct {
				return fmt.Errorf("inline field %s is a %s", f.Name, f.Type.Kind())
			}
			if err := w.collect(f.Type, here, d, required); err != nil {
				return err
			}
			continue
		}
		marks := w.marks.fields[typeName+"."+f.Name]
		body, err := w.property(f, here, marks, packages[t.PkgPath()])
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		if text, ok := typeMetaText[name]; ok && t.Name() == "TypeMeta" {
			body.set("description", text)
		}
		d.props = append(d.props, property{name, body})
		if has(marks, "required") || has(marks, "k8s:required") {
			*required = append(*required, name)
		}
	}
	return nil
}

func (w *walker) property(f reflect.StructField, path []int, marks []mark, prefix string) (*object, error) {
	o := newObject()
	t := f.Type
	pointer := t.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	if err := w.schema(t, o); err != nil {
		return nil, err
	}
	setPath(o, path)
	if t.Kind() == reflect.Float64 {
		o.set("x-pb-kind", "fixed64")
	}
	if pointer {
		o.set("x-pointer", true)
	}
	switch _, omit, _ := jsonTag(f); omit {
	case "omitempty":
		o.set("x-omitempty", true)
	case "omitzero":
		o.set("x-omitempty", omit)
	}
	w.setListType(o, t, marks)
	if v := f.Tag.Get("patchStrategy"); v != "" {
		o.set("x-kubernetes-patch-strategy", v)
	}
	if v := f.Tag.Get("patchMergeKey"); v != "" {
		o.set("x-kubernetes-patch-merge-key", v)
	}
	def, err := w.marks.defaultOf(marks, prefix)
	if err != nil {
		return nil, err
	}
	if def != "" && (pointer || !zeroJSON(def)) {
		o.set("default", raw(def)) // a zero default of a field that is no pointer says nothing
	}
	return o, nil
}

// typeMetaText describes the two fields that every kind has and no overlay should repeat.
var typeMetaText = map[string]string{
	"kind":       "Kind of the object, in CamelCase.",
	"apiVersion": "API group and version that the object is written in.",
}

func zeroJSON(text string) bool {
	return text == `""` || text == "0" || text == "false" || text == "{}"
}

// setPath records where protobuf carries the field: nothing, a number, or the numbers of the
// nested messages that JSON shows inlined.
func setPath(o *object, path []int) {
	for _, n := range path {
		if n == 0 {
			return
		}
	}
	if len(path) == 1 {
		o.set("x-pb", path[0])
	} else {
		o.set("x-pb-path", path)
	}
}

func (w *walker) setListType(o *object, t reflect.Type, marks []mark) {
	if t.Name() != "" && t.Kind() != reflect.Struct {
		marks = append(append([]mark(nil), w.marks.types[packages[t.PkgPath()]+"."+t.Name()]...), marks...)
	}
	last := func(names ...string) string {
		out := ""
		for _, m := range marks {
			for _, n := range names {
				if m.name == n {
					out = m.value
				}
			}
		}
		return out
	}
	if v := last("listType", "k8s:listType"); v != "" && t.Kind() == reflect.Slice {
		o.set("x-kubernetes-list-type", v)
		var keys []string
		for _, n := range []string{"listMapKey", "k8s:listMapKey"} {
			if keys = values(marks, n); len(keys) > 0 {
				break
			}
		}
		if v == "map" && len(keys) > 0 {
			o.set("x-kubernetes-list-map-keys", keys)
		}
	}
	if v := last("structType", "mapType"); v != "" {
		o.set("x-kubernetes-map-type", v)
	}
}

// files renders the definitions, one file per package.
func (w *walker) files() map[string][]byte {
	byFile := map[string][]string{}
	for name := range w.defs {
		prefix := name[:strings.LastIndex(name, ".")]
		byFile[prefix] = append(byFile[prefix], name)
	}
	out := map[string][]byte{}
	for prefix, names := range byFile {
		sort.Strings(names)
		out[prefix+".json"] = render(names, w.defs)
	}
	return out
}
