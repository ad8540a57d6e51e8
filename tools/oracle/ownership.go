package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

type setsRequest struct {
	A json.RawMessage `json:"a"`
	B json.RawMessage `json:"b"`
}

func readSet(raw json.RawMessage) (*fieldpath.Set, error) {
	s := fieldpath.NewSet()
	return s, s.FromJSON(strings.NewReader(string(raw)))
}

func fieldSets(line []byte) answer {
	var r setsRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return failed(err)
	}
	a, err := readSet(r.A)
	if err != nil {
		return failed(err)
	}
	b, err := readSet(r.B)
	if err != nil {
		return failed(err)
	}
	out := map[string]string{"text": a.String()}
	for key, set := range map[string]*fieldpath.Set{"a": a, "union": a.Union(b), "intersection": a.Intersection(b),
		"difference": a.Difference(b), "recursive": a.RecursiveDifference(b)} {
		encoded, err := set.ToJSON()
		if err != nil {
			return failed(err)
		}
		out[key] = string(encoded)
	}
	return answer{Result: out}
}

// The versioned object is the Go struct; there is no internal version.
type converter struct{}

func (converter) Convert(in, out, context any) error { return fmt.Errorf("not supported") }

func (converter) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok {
		return in, nil
	}
	return structured(u.Object)
}

func (converter) ConvertFieldLabel(gvk schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type defaulter struct{}

func (defaulter) Default(runtime.Object) {}

type creater struct{}

func (creater) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	object, err := scheme.Scheme.New(gvk)
	if err == nil {
		object.GetObjectKind().SetGroupVersionKind(gvk)
	}
	return object, err
}

func structured(object map[string]any) (runtime.Object, error) {
	u := unstructured.Unstructured{Object: object}
	out, err := creater{}.New(u.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, out); err != nil {
		return nil, err
	}
	out.GetObjectKind().SetGroupVersionKind(u.GroupVersionKind())
	return out, nil
}

var types = applyconfigurations.NewTypeConverter(scheme.Scheme)

type writeRequest struct {
	APIVersion  string         `json:"apiVersion"`
	Kind        string         `json:"kind"`
	Live        map[string]any `json:"live"` // null: create
	Object      map[string]any `json:"object"`
	Manager     string         `json:"manager"`
	Force       bool           `json:"force"`
	Subresource string         `json:"subresource"`
	Reset       [][]string     `json:"reset"`
}

type write struct {
	writeRequest
	gvk     schema.GroupVersionKind
	manager *managedfields.FieldManager
	live    runtime.Object
}

func readWrite(line []byte) (*write, error) {
	w := &write{}
	if err := json.Unmarshal(line, &w.writeRequest); err != nil {
		return nil, err
	}
	w.gvk = schema.FromAPIVersionAndKind(w.APIVersion, w.Kind)
	reset := fieldpath.NewSet()
	for _, path := range w.Reset {
		p := fieldpath.Path{}
		for i := range path {
			p = append(p, fieldpath.PathElement{FieldName: &path[i]})
		}
		reset.Insert(p)
	}
	filters := fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(w.APIVersion): reset})
	var err error
	w.manager, err = managedfields.NewDefaultFieldManager(types, converter{}, defaulter{}, creater{}, w.gvk, w.gvk.GroupVersion(),
		w.Subresource, filters)
	if err != nil {
		return nil, err
	}
	if w.Live == nil {
		w.live, err = creater{}.New(w.gvk)
	} else {
		w.live, err = structured(w.Live)
	}
	return w, err
}

// The object, and its managed fields apart with "T" for every time.
func written(object runtime.Object) answer {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return failed(err)
	}
	entries := accessor.GetManagedFields()
	accessor.SetManagedFields(nil)
	managers := []map[string]any{}
	for _, e := range entries {
		managers = append(managers, map[string]any{"manager": e.Manager, "operation": e.Operation, "apiVersion": e.APIVersion,
			"subresource": e.Subresource, "fields": string(rawFields(e)), "timed": e.Time != nil})
	}
	return answer{Result: map[string]any{"object": object, "managers": managers, "managedFields": entries}}
}

func rawFields(e metav1.ManagedFieldsEntry) []byte {
	if e.FieldsV1 == nil {
		return nil
	}
	return e.FieldsV1.GetRawBytes()
}

func apply(line []byte) answer {
	w, err := readWrite(line)
	if err != nil {
		return failed(err)
	}
	out, err := w.manager.Apply(w.live, &unstructured.Unstructured{Object: w.Object}, w.Manager, w.Force)
	if err != nil {
		return failed(err)
	}
	return written(out)
}

func update(line []byte) answer {
	w, err := readWrite(line)
	if err != nil {
		return failed(err)
	}
	next, err := structured(w.Object)
	if err != nil {
		return failed(err)
	}
	out, err := w.manager.Update(w.live, next, w.Manager)
	if err != nil {
		return failed(err)
	}
	return written(out)
}
