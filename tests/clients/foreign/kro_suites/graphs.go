// Command graphs builds the graph of every ResourceGraphDefinition in the files that it is given, as kro's controller does, against the
// cluster of a kubeconfig, and prints for each a line of JSON: its file, its name, and why it was refused.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	krov1alpha1 "github.com/kubernetes-sigs/kro/api/v1alpha1"
	"github.com/kubernetes-sigs/kro/pkg/graph"
)

type verdict struct {
	File  string `json:"file"`
	Name  string `json:"name"`
	Error string `json:"error"`
}

// The limits that kro's flags have by default.
var limits = graph.Config{MaxCollectionSize: 1000, MaxCollectionDimensionSize: 10}

var separator = regexp.MustCompile(`(?m)^---.*$`)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	config.QPS, config.Burst = 1000, 1000
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		panic(err)
	}
	builder, err := graph.NewBuilder(config, client)
	if err != nil {
		panic(err)
	}
	for _, file := range os.Args[2:] {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		for _, document := range separator.Split(string(text), -1) {
			print(file, document, builder)
		}
	}
}

func print(file, document string, builder *graph.Builder) {
	definition := krov1alpha1.ResourceGraphDefinition{}
	if err := yaml.Unmarshal([]byte(document), &definition); err != nil || definition.Kind != "ResourceGraphDefinition" {
		return
	}
	if definition.Spec.Schema != nil && definition.Spec.Schema.Group == "" {
		definition.Spec.Schema.Group = "kro.run"
	}
	out := verdict{File: file, Name: definition.Name}
	if _, err := builder.NewResourceGraphDefinition(&definition, limits); err != nil {
		out.Error = err.Error()
	}
	line, _ := json.Marshal(out)
	fmt.Println(string(line))
}
