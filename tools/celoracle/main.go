// Command celoracle records what apiextensions-apiserver says of validation rules (x-kubernetes-validations): lines of
// {"schema", "object", "old"} in, the same lines with "errors" and "warnings" out. Without an object the schema is checked as the
// only version of a definition; with one, its rules are evaluated. Lines that hold answers already are answered anew:
//
//	go run . < ../../kinds/testdata/rules.jsonl > new.jsonl
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/warning"
)

type request struct {
	Schema json.RawMessage `json:"schema"`
	Object any             `json:"object,omitempty"`
	Old    any             `json:"old,omitempty"`
}

type answer struct {
	Schema   json.RawMessage `json:"schema"`
	Object   any             `json:"object,omitempty"`
	Old      any             `json:"old,omitempty"`
	Errors   []string        `json:"errors"`
	Warnings []string        `json:"warnings"`
	Error    string          `json:"error,omitempty"`
}

type recorder struct{ texts []string }

func (r *recorder) AddWarning(agent, text string) { r.texts = append(r.texts, text) }

func texts(l field.ErrorList) []string {
	out := []string{}
	for _, e := range l {
		out = append(out, e.Error())
	}
	sort.Strings(out) // upstream walks members in no order
	return out
}

func serve(line []byte) (out answer) {
	defer func() {
		if p := recover(); p != nil {
			out.Error = fmt.Sprint(p)
		}
	}()
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: err.Error()}
	}
	var props v1.JSONSchemaProps
	if err := json.Unmarshal(r.Schema, &props); err != nil {
		return answer{Error: err.Error()}
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	if r.Object == nil {
		crd := &v1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "foos.example.com"}}
		crd.Spec = v1.CustomResourceDefinitionSpec{Group: "example.com", Scope: v1.NamespaceScoped,
			Names:    v1.CustomResourceDefinitionNames{Plural: "foos", Singular: "foo", Kind: "Foo", ListKind: "FooList"},
			Versions: []v1.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true, Schema: &v1.CustomResourceValidation{OpenAPIV3Schema: &props}}}}
		v1.SetDefaults_CustomResourceDefinition(crd)
		v1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
		crd.Status.StoredVersions = []string{"v1"}
		var internal apiextensions.CustomResourceDefinition
		if err := scheme.Convert(crd, &internal, nil); err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Errors: texts(validation.ValidateCustomResourceDefinition(context.Background(), &internal)), Warnings: []string{}}
	}
	var internal apiextensions.JSONSchemaProps
	if err := scheme.Convert(&props, &internal, nil); err != nil {
		return answer{Error: err.Error()}
	}
	s, err := structuralschema.NewStructural(&internal)
	if err != nil {
		return answer{Error: err.Error()}
	}
	v := cel.NewValidator(s, true, celconfig.PerCallLimit)
	rec := &recorder{}
	ctx := warning.WithWarningRecorder(context.Background(), rec)
	var options []cel.Option
	object, _ := normal(r.Object).(map[string]any)
	var old any
	if r.Old != nil {
		old = normal(r.Old)
		options = []cel.Option{cel.WithRatcheting(common.NewCorrelatedObject(object, old, &model.Structural{Structural: s}))}
	}
	errs, _ := v.Validate(ctx, nil, s, object, old, celconfig.RuntimeCELCostBudget, options...)
	if rec.texts == nil {
		rec.texts = []string{}
	}
	return answer{Errors: texts(errs), Warnings: rec.texts}
}

// Whole numbers are int64, as an API server's decoder has them.
func normal(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = normal(x[k])
		}
	case []any:
		for i := range x {
			x[i] = normal(x[i])
		}
	case float64:
		if x == float64(int64(x)) {
			return int64(x)
		}
	}
	return v
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var r request
		_ = json.Unmarshal(in.Bytes(), &r)
		a := serve(in.Bytes())
		sort.Strings(a.Warnings)
		a.Schema, a.Object, a.Old = r.Schema, r.Object, r.Old
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
