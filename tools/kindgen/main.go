// Kindgen writes the machine-readable facts about the built-in Kubernetes
// types (JSON names, protobuf numbers, pointer-ness, list and map types, merge
// keys, enums) to kinds/generated/. Maintainers run it when they move to a new
// release of k8s.io/api; the build only reads what it wrote.
//
//	go run .            write kinds/generated
//	go run . -check     regenerate in memory, say what differs, exit 1 if so
//	go run . -triples D write JSON + protobuf sample pairs for codec tests to D
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	out := flag.String("out", "../../kinds/generated", "folder of the generated files")
	check := flag.Bool("check", false, "compare with the files on disk instead of writing them")
	triples := flag.String("triples", "", "write JSON + protobuf sample pairs to this folder and stop")
	flag.Parse()
	if err := run(*out, *check, *triples); err != nil {
		fmt.Fprintln(os.Stderr, "kindgen:", err)
		os.Exit(1)
	}
}

func run(out string, check bool, triples string) error {
	if triples != "" {
		return writeTriples(triples)
	}
	files, err := generate()
	if err != nil {
		return err
	}
	if check {
		return compare(out, files)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns file name -> content of every generated file.
func generate() (map[string][]byte, error) {
	marks, err := loadMarkers()
	if err != nil {
		return nil, err
	}
	w := newWalker(marks)
	for _, root := range roots() {
		if err := w.add(root); err != nil {
			return nil, err
		}
	}
	if err := w.walk(); err != nil {
		return nil, err
	}
	return w.files(), nil
}

// compare reports every generated file that is missing, stale or superfluous in dir.
func compare(dir string, files map[string][]byte) error {
	var bad []string
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			bad = append(bad, name+" is missing")
		} else if !bytes.Equal(got, want) {
			bad = append(bad, name+" is stale")
		}
	}
	onDisk, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range onDisk {
		if _, ok := files[filepath.Base(path)]; !ok {
			bad = append(bad, filepath.Base(path)+" is no longer generated")
		}
	}
	if len(bad) == 0 {
		return nil
	}
	sort.Strings(bad)
	return fmt.Errorf("kinds/generated differs; run kindgen:\n  %s", strings.Join(bad, "\n  "))
}
