package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fill says what a sample object holds.
type fill struct {
	name string
	// pointers: set every pointer, to a zero value. items: give every list and map one entry.
	pointers, items bool
	// scalars: values other than zero.
	scalars bool
	// depth limits recursive types such as JSONSchemaProps.
	depth int
}

// fills are the samples of each kind. k8s.io/api ships one fully populated object; these are the
// forms at the edges, where presence and zero values decide.
var fills = []fill{
	{name: "zero"},
	{name: "pointers", pointers: true, depth: 6},
	{name: "items", items: true, depth: 8},
	{name: "full", pointers: true, items: true, scalars: true, depth: 8},
}

// writeTriples writes <group>.<version>.<Kind>.<fill>.json and .pb for every registered kind.
func writeTriples(dir string) error {
	s, err := scheme()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	codec := protobuf.NewSerializer(s, s)
	for _, r := range roots() {
		if r.gvk == nil || strings.HasSuffix(r.gvk.Kind, "List") {
			continue
		}
		for _, f := range fills {
			if err := writeSample(dir, codec, *r.gvk, r.typ, f); err != nil {
				return fmt.Errorf("%s %s: %w", r.gvk, f.name, err)
			}
		}
	}
	return nil
}

func writeSample(dir string, codec runtime.Serializer, gvk schema.GroupVersionKind, t reflect.Type, f fill) error {
	v := reflect.New(t)
	f.value(v.Elem(), 0)
	obj, ok := v.Interface().(runtime.Object)
	if !ok {
		return fmt.Errorf("%s is not a runtime.Object", t)
	}
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	text, err := json.MarshalIndent(obj, "", "  ")
	if err != nil {
		return err
	}
	var wire bytes.Buffer
	if err := codec.Encode(obj, &wire); err != nil {
		return err
	}
	if err := samePair(codec, wire.Bytes(), text); err != nil {
		return err
	}
	group := gvk.Group
	if group == "" {
		group = "core"
	}
	base := filepath.Join(dir, fmt.Sprintf("%s.%s.%s.%s", group, gvk.Version, gvk.Kind, f.name))
	if err := os.WriteFile(base+".json", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".pb", wire.Bytes(), 0o644)
}

// samePair checks that the protobuf form reads back as the object that the JSON form shows.
func samePair(codec runtime.Decoder, wire, text []byte) error {
	back, _, err := codec.Decode(wire, nil, nil)
	if err != nil {
		return err
	}
	again, err := json.MarshalIndent(back, "", "  ")
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return fmt.Errorf("protobuf reads back as\n%s\nnot\n%s", again, text)
	}
	return nil
}

// value fills v, depth levels below the root.
func (f fill) value(v reflect.Value, depth int) {
	if f.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if field.IsExported() && field.Name != "TypeMeta" {
				f.value(v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if f.pointers && depth < f.depth {
			v.Set(reflect.New(v.Type().Elem()))
			f.value(v.Elem(), depth+1)
		}
	case reflect.Slice:
		f.slice(v, depth)
	case reflect.Map:
		if f.items && depth < f.depth {
			value := reflect.New(v.Type().Elem()).Elem()
			f.value(value, depth+1)
			key := reflect.New(v.Type().Key()).Elem()
			key.SetString("key")
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(key, value)
		}
	default:
		f.scalar(v)
	}
}

func (f fill) slice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		switch {
		case f.scalars:
			v.SetBytes([]byte{0, 1, 0xfe, 0xff})
		case f.items:
			v.SetBytes([]byte{})
		}
		return
	}
	if f.items && depth < f.depth {
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.value(v.Index(0), depth+1)
	}
}

func (f fill) scalar(v reflect.Value) {
	if !f.scalars {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(-7)
	case reflect.Float64:
		v.SetFloat(1.5)
	}
}

// special fills the types that have a form of their own; true when v is one.
func (f fill) special(v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	switch t := v.Addr().Interface().(type) {
	case *metav1.Time:
		if f.scalars {
			*t = metav1.Unix(1700000000, 0)
		}
	case *metav1.MicroTime:
		if f.scalars {
			*t = metav1.MicroTime{Time: metav1.Unix(1700000000, 123456000).Time}
		}
	case *metav1.Duration:
		if f.scalars {
			t.Duration = 90 * 1e9
		}
	case *metav1.FieldsV1:
		t.Raw = []byte(`{"f:spec":{}}`)
	case *resource.Quantity:
		*t = resource.MustParse("0")
		if f.scalars {
			*t = resource.MustParse("1536Mi")
		}
	case *intstr.IntOrString:
		if f.scalars {
			*t = intstr.FromString("25%")
		}
	case *runtime.RawExtension:
		t.Raw = []byte(`{"apiVersion":"v1","kind":"ConfigMap"}`)
	case *apiextensionsv1.JSON:
		t.Raw = []byte(`{"a":[1,null,"x"]}`)
	case *apiextensionsv1.JSONSchemaPropsOrBool:
		t.Allows = true
	case *apiextensionsv1.JSONSchemaPropsOrArray:
		t.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
	case *apiextensionsv1.JSONSchemaPropsOrStringArray:
		t.Property = []string{"a"}
	default:
		return false
	}
	return true
}
