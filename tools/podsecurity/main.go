// Command podsecurity prints what upstream's own checks say of upstream's sample pods, as kinds/testdata/pod_security.jsonl holds it:
//
//	go run . "$(go list -m -f '{{.Dir}}' k8s.io/pod-security-admission)/test/testdata" >../../kinds/testdata/pod_security.jsonl
//
// A line is a pod and, for each level, its violations from a minor version of Kubernetes 1 on until the next one that is named.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

const newest = 34 // the version that the server tells

type line struct {
	Pod        map[string]any    `json:"pod"`
	Baseline   map[string]string `json:"baseline"`
	Restricted map[string]string `json:"restricted"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge(evaluator policy.Evaluator, level api.Level, pod *corev1.Pod) map[string]string {
	out := map[string]string{}
	last := ""
	for minor := 0; minor <= newest; minor++ {
		asked := api.LevelVersion{Level: level, Version: api.MajorMinorVersion(1, minor)}
		aggregate := policy.AggregateCheckResults(evaluator.EvaluatePod(asked, &pod.ObjectMeta, &pod.Spec))
		if detail := aggregate.ForbiddenDetail(); minor == 0 || detail != last {
			out[fmt.Sprint(minor)] = detail
			last = detail
		}
	}
	return out
}

func main() {
	emulated := api.MajorMinorVersion(1, newest)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), &emulated)
	check(err)
	var files []string
	for _, pattern := range []string{"baseline/v1.0", "baseline/v1.34", "restricted/v1.0", "restricted/v1.24", "restricted/v1.34"} {
		found, err := filepath.Glob(filepath.Join(os.Args[1], pattern, "*", "*.yaml"))
		check(err)
		files = append(files, found...)
	}
	files = append(files, os.Args[2:]...)
	sort.Strings(files)
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		var pod corev1.Pod
		var raw map[string]any
		check(yaml.UnmarshalStrict(text, &pod))
		check(yaml.Unmarshal(text, &raw))
		spec, err := json.Marshal([]any{raw["spec"], raw["metadata"].(map[string]any)["annotations"]})
		check(err)
		if seen[string(spec)] {
			continue
		}
		seen[string(spec)] = true
		b, err := json.Marshal(line{Pod: raw, Baseline: judge(evaluator, api.LevelBaseline, &pod), Restricted: judge(evaluator, api.LevelRestricted, &pod)})
		check(err)
		fmt.Println(string(b))
	}
}
