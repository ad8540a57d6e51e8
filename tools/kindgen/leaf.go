package main

import (
	"fmt"
	"reflect"
	"sort"
)

// leaf is a Go type with its own JSON or protobuf form.
type leaf struct {
	wire  string
	attrs []attr // JSON schema of its JSON form
}

type attr struct {
	key   string
	value any
}

var (
	intOrString = attr{"x-kubernetes-int-or-string", true}
	anything    = attr{"x-kubernetes-preserve-unknown-fields", true}
	schemaRef   = attr{"x-wire-ref", "apiextensions.v1.JSONSchemaProps"}
)

// leaves are keyed by package path and name of the Go type.
var leaves = map[string]leaf{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":      {"Time", []attr{{"type", "string"}, {"format", "date-time"}}},
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": {"MicroTime", []attr{{"type", "string"}, {"format", "date-time"}}},
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":  {"Duration", []attr{{"type", "string"}, {"format", "duration"}}},
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":  {"FieldsV1", []attr{{"type", "object"}, anything}},
	"k8s.io/apimachinery/pkg/api/resource.Quantity":  {"Quantity", []attr{intOrString, {"format", "quantity"}}},
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": {"IntOrString",
		[]attr{intOrString, {"format", "int-or-string"}}},
	"k8s.io/apimachinery/pkg/runtime.RawExtension": {"RawExtension", []attr{{"type", "object"}, anything}},

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": {"JSON", []attr{anything}},
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool": {
		"JSONSchemaPropsOrBool", []attr{anything, schemaRef}},
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray": {
		"JSONSchemaPropsOrArray", []attr{anything, schemaRef}},
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": {
		"JSONSchemaPropsOrStringArray", []attr{anything, schemaRef}},
}

// schema writes the JSON schema of a Go type (pointer already removed) into o.
func (w *walker) schema(t reflect.Type, o *object) error {
	if l, ok := leaves[t.PkgPath()+"."+t.Name()]; ok {
		for _, a := range l.attrs {
			o.set(a.key, a.value)
		}
		o.set("x-wire", l.wire)
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		o.set("type", "string")
		w.setEnum(t, o)
	case reflect.Bool:
		o.set("type", "boolean")
	case reflect.Int32, reflect.Int64:
		o.set("type", "integer")
		o.set("format", t.Kind().String())
	case reflect.Float64:
		o.set("type", "number")
		o.set("format", "double")
	case reflect.Struct:
		name, err := w.ref(t)
		if err != nil {
			return err
		}
		o.set("$ref", name)
	case reflect.Slice:
		return w.slice(t, o)
	case reflect.Map:
		return w.mapping(t, o)
	default:
		return fmt.Errorf("no schema for Go kind %s (%s)", t.Kind(), t)
	}
	return nil
}

func (w *walker) slice(t reflect.Type, o *object) error {
	if t.Elem().Kind() == reflect.Uint8 {
		o.set("type", "string")
		o.set("format", "byte")
		return nil
	}
	o.set("type", "array")
	items := newObject()
	if err := w.schema(t.Elem(), items); err != nil {
		return err
	}
	o.set("items", items)
	if has(w.marks.types[packages[t.PkgPath()]+"."+t.Name()], "protobuf.nullable") {
		o.set("x-wire", "StringList")
	}
	return nil
}

func (w *walker) mapping(t reflect.Type, o *object) error {
	if t.Key().Kind() != reflect.String {
		return fmt.Errorf("map key %s is not a string", t.Key())
	}
	o.set("type", "object")
	value := newObject()
	if err := w.schema(t.Elem(), value); err != nil {
		return err
	}
	o.set("additionalProperties", value)
	return nil
}

// setEnum adds the constants of a named string type that is marked as an enumeration.
func (w *walker) setEnum(t reflect.Type, o *object) {
	if t.Name() == "string" {
		return
	}
	name := packages[t.PkgPath()] + "." + t.Name()
	if !has(w.marks.types[name], "enum") && !has(w.marks.types[name], "k8s:enum") {
		return
	}
	values := append([]string(nil), w.marks.enums[name]...)
	sort.Strings(values)
	o.set("enum", values)
}
