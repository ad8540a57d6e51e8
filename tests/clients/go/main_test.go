// Package clients runs what Go programs use of a cluster - client-go and controller-runtime as published - against a Plinth platform.
//
// KUBECONFIG names the platform. PLINTH names the program, for the tests that stop and start a platform of their own.
package clients

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// patience bounds every wait; a real server needs a small part of it.
const patience = 20 * time.Second

var config *rest.Config

func TestMain(m *testing.M) {
	var err error
	if config, err = clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	config.QPS, config.Burst = 1000, 1000
	os.Exit(m.Run())
}

// must fails the test on an error and hands the value on.
func must[V any](value V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func equal[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s is %q, want it to contain %q", what, text, part)
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not in %v: %s", patience, what)
}

// receive takes the next value of a channel or fails.
func receive[V any](t *testing.T, what string, from <-chan V) V {
	t.Helper()
	select {
	case value, open := <-from:
		if !open {
			t.Fatalf("%s: closed", what)
		}
		return value
	case <-time.After(patience):
		t.Fatalf("%s: nothing in %v", what, patience)
	}
	panic("unreachable")
}

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return ctx
}

// protobuf is what typed clients use unless told otherwise; asJSON is what they did before.
func asJSON() *rest.Config {
	c := rest.CopyConfig(config)
	c.ContentType, c.AcceptContentTypes = "application/json", "application/json"
	return c
}

func asProtobuf() *rest.Config {
	c := rest.CopyConfig(config)
	c.ContentType, c.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json"
	return c
}

func typed(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	return must(kubernetes.NewForConfig(asProtobuf()))(t)
}

func dynamicClient(t *testing.T) *dynamic.DynamicClient {
	t.Helper()
	return must(dynamic.NewForConfig(config))(t)
}

// namespace makes one for the test alone.
func namespace(t *testing.T) string {
	t.Helper()
	client := typed(t)
	made := must(client.CoreV1().Namespaces().Create(background(t),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-", Labels: map[string]string{"made-by": "go"}}}, metav1.CreateOptions{}))(t)
	t.Cleanup(func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{})
	})
	return made.Name
}

func configMap(name string, labels map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Data: map[string]string{"k": "v"}}
}
