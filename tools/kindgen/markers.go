package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"strconv"
	"strings"
)

// packages maps the import path of every package whose types are generated to
// the prefix of their names.
var packages = map[string]string{
	"k8s.io/api/admissionregistration/v1":                      "admissionregistration.v1",
	"k8s.io/api/apps/v1":                                       "apps.v1",
	"k8s.io/api/authentication/v1":                             "authentication.v1",
	"k8s.io/api/authorization/v1":                              "authorization.v1",
	"k8s.io/api/autoscaling/v1":                                "autoscaling.v1",
	"k8s.io/api/autoscaling/v2":                                "autoscaling.v2",
	"k8s.io/api/batch/v1":                                      "batch.v1",
	"k8s.io/api/certificates/v1":                               "certificates.v1",
	"k8s.io/api/coordination/v1":                               "coordination.v1",
	"k8s.io/api/core/v1":                                       "core.v1",
	"k8s.io/api/discovery/v1":                                  "discovery.v1",
	"k8s.io/api/events/v1":                                     "events.v1",
	"k8s.io/api/flowcontrol/v1":                                "flowcontrol.v1",
	"k8s.io/api/networking/v1":                                 "networking.v1",
	"k8s.io/api/node/v1":                                       "node.v1",
	"k8s.io/api/policy/v1":                                     "policy.v1",
	"k8s.io/api/rbac/v1":                                       "rbac.v1",
	"k8s.io/api/resource/v1":                                   "resource.v1",
	"k8s.io/api/scheduling/v1":                                 "scheduling.v1",
	"k8s.io/api/scheduling/v1alpha3":                           "scheduling.v1alpha3",
	"k8s.io/api/storage/v1":                                    "storage.v1",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1": "apiextensions.v1",
	"k8s.io/apimachinery/pkg/apis/meta/v1":                     "meta.v1",
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/v1":       "apiregistration.v1",
	"k8s.io/metrics/pkg/apis/metrics/v1beta1":                  "metrics.v1beta1",
}

// mark is one `+name=value` line of a Go comment.
type mark struct{ name, value string }

// markers holds what only the Go sources say: comment markers and constants.
type markers struct {
	types  map[string][]mark            // "core.v1.Pod"
	fields map[string][]mark            // "core.v1.Pod.Spec"
	enums  map[string][]string          // values of string constants by named type
	consts map[string]map[string]string // package prefix -> constant -> string value
}

func loadMarkers() (*markers, error) {
	m := &markers{
		types: map[string][]mark{}, fields: map[string][]mark{},
		enums: map[string][]string{}, consts: map[string]map[string]string{},
	}
	for path, prefix := range packages {
		dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
		if err != nil {
			return nil, fmt.Errorf("where is %s: %w", path, err)
		}
		if err := m.loadPackage(strings.TrimSpace(string(dir)), prefix); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *markers) loadPackage(dir, prefix string) error {
	notTest := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	pkgs, err := parser.ParseDir(token.NewFileSet(), dir, notTest, parser.ParseComments)
	if err != nil {
		return err
	}
	m.consts[prefix] = map[string]string{}
	for _, pkg := range pkgs {
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if gen, ok := decl.(*ast.GenDecl); ok {
					m.loadDecl(gen, prefix)
				}
			}
		}
	}
	return nil
}

func (m *markers) loadDecl(decl *ast.GenDecl, prefix string) {
	for _, spec := range decl.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			doc := s.Doc
			if doc == nil {
				doc = decl.Doc
			}
			m.loadType(s, doc, prefix)
		case *ast.ValueSpec:
			if decl.Tok == token.CONST {
				m.loadConst(s, prefix)
			}
		}
	}
}

func (m *markers) loadType(s *ast.TypeSpec, doc *ast.CommentGroup, prefix string) {
	name := prefix + "." + s.Name.Name
	m.types[name] = parseMarks(doc)
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		marks := parseMarks(f.Doc)
		for _, id := range f.Names {
			m.fields[name+"."+id.Name] = marks
		}
		if len(f.Names) == 0 {
			m.fields[name+"."+embeddedName(f.Type)] = marks
		}
	}
}

func embeddedName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return embeddedName(t.X)
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.Ident:
		return t.Name
	}
	return ""
}

func (m *markers) loadConst(s *ast.ValueSpec, prefix string) {
	for i, id := range s.Names {
		if i >= len(s.Values) {
			return
		}
		lit, ok := s.Values[i].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		value, err := strconv.Unquote(lit.Value)
		if err != nil {
			continue
		}
		m.consts[prefix][id.Name] = value
		if typ, ok := s.Type.(*ast.Ident); ok {
			m.enums[prefix+"."+typ.Name] = append(m.enums[prefix+"."+typ.Name], value)
		}
	}
}

// parseMarks returns the `+x=y` lines of a comment.
func parseMarks(doc *ast.CommentGroup) []mark {
	if doc == nil {
		return nil
	}
	var out []mark
	for _, c := range doc.List {
		line := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
		if !strings.HasPrefix(line, "+") {
			continue
		}
		name, value, _ := strings.Cut(line[1:], "=")
		out = append(out, mark{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return out
}

func has(marks []mark, name string) bool {
	for _, m := range marks {
		if m.name == name {
			return true
		}
	}
	return false
}

func values(marks []mark, name string) []string {
	var out []string
	for _, m := range marks {
		if m.name == name {
			out = append(out, m.value)
		}
	}
	return out
}

// defaultOf returns the JSON text of a `+default=` marker, "" when there is none.
func (m *markers) defaultOf(marks []mark, prefix string) (string, error) {
	for _, v := range values(marks, "default") {
		if name, ok := strings.CutPrefix(v, "ref("); ok {
			value, ok := m.consts[prefix][strings.TrimSuffix(name, ")")]
			if !ok {
				return "", fmt.Errorf("unknown constant in +default=%s", v)
			}
			v = strconv.Quote(value)
		}
		if !json.Valid([]byte(v)) {
			return "", fmt.Errorf("+default=%s is not JSON", v)
		}
		return v, nil
	}
	return "", nil
}
