package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

type decide func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse

// hooks is a webhook server with a certificate of its own; each path has its decision.
type hooks struct {
	server *httptest.Server
	ca     []byte
	calls  atomic.Int32
	mux    *http.ServeMux
}

func webhookServer(t *testing.T) *hooks {
	h := &hooks{mux: http.NewServeMux()}
	h.server = httptest.NewTLSServer(h.mux)
	t.Cleanup(h.server.Close)
	h.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.server.Certificate().Raw})
	return h
}

func (h *hooks) on(path string, how decide) {
	h.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		h.calls.Add(1)
		review := &admissionv1.AdmissionReview{}
		if err := json.NewDecoder(r.Body).Decode(review); err != nil || review.Request == nil || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		review.Response = how(review.Request)
		review.Response.UID = review.Request.UID
		review.Request = nil
		_ = json.NewEncoder(w).Encode(review)
	})
}

func (h *hooks) config(path string) admissionregistrationv1.WebhookClientConfig {
	return admissionregistrationv1.WebhookClientConfig{URL: ptr.To(h.server.URL + path), CABundle: h.ca}
}

func onConfigMaps(operations ...admissionregistrationv1.OperationType) []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{Operations: operations,
		Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}}}}
}

func patch(text string) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Allowed: true, Patch: []byte(text), PatchType: ptr.To(admissionv1.PatchTypeJSONPatch)}
}

func refuse(message string) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{Message: message, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden}}
}

func mutating(t *testing.T, client *kubernetes.Clientset, name string, webhooks ...admissionregistrationv1.MutatingWebhook) {
	t.Helper()
	ctx := background(t)
	for i := range webhooks {
		webhooks[i].AdmissionReviewVersions = []string{"v1"}
		webhooks[i].SideEffects = ptr.To(admissionregistrationv1.SideEffectClassNone)
	}
	must(client.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(ctx,
		&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: webhooks}, metav1.CreateOptions{}))(t)
	t.Cleanup(func() {
		_ = client.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

func validating(t *testing.T, client *kubernetes.Clientset, name string, webhooks ...admissionregistrationv1.ValidatingWebhook) {
	t.Helper()
	ctx := background(t)
	for i := range webhooks {
		webhooks[i].AdmissionReviewVersions = []string{"v1"}
		webhooks[i].SideEffects = ptr.To(admissionregistrationv1.SideEffectClassNone)
	}
	must(client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx,
		&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: webhooks}, metav1.CreateOptions{}))(t)
	t.Cleanup(func() {
		_ = client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

// inOwn limits a webhook to the namespace of its test.
func inOwn(ns string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns}}
}

func TestMutatingWebhooks(t *testing.T) {
	ns, ctx, client, server := namespace(t), background(t), typed(t), webhookServer(t)
	server.on("/first", func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		equal(t, "resource", r.Resource.Resource, "configmaps")
		equal(t, "namespace", r.Namespace, ns)
		if r.UserInfo.Username == "" || r.UID == "" {
			t.Errorf("request: %+v", r)
		}
		var object corev1.ConfigMap
		_ = json.Unmarshal(r.Object.Raw, &object)
		if object.Data["second"] == "yes" {
			return patch(`[{"op":"add","path":"/data/again","value":"yes"}]`)
		}
		return patch(`[{"op":"add","path":"/data/first","value":"yes"}]`)
	})
	server.on("/second", func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		if !bytes.Contains(r.Object.Raw, []byte(`"first":"yes"`)) {
			t.Error("the second webhook does not see the first one's change")
		}
		answer := patch(`[{"op":"add","path":"/data/second","value":"yes"}]`)
		answer.Warnings = []string{"be careful"}
		return answer
	})
	mutating(t, client, "go-mutating",
		admissionregistrationv1.MutatingWebhook{Name: "first.go.example.com", ClientConfig: server.config("/first"), NamespaceSelector: inOwn(ns),
			ReinvocationPolicy: ptr.To(admissionregistrationv1.IfNeededReinvocationPolicy), Rules: onConfigMaps("CREATE"),
			ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"hook": "yes"}}},
		admissionregistrationv1.MutatingWebhook{Name: "second.go.example.com", ClientConfig: server.config("/second"), NamespaceSelector: inOwn(ns), Rules: onConfigMaps("CREATE"),
			ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"hook": "yes"}}})
	warned := &warnings{}
	careful := rest.CopyConfig(config)
	careful.WarningHandler = warned
	made := must(must(kubernetes.NewForConfig(careful))(t).CoreV1().ConfigMaps(ns).Create(ctx, configMap("m", map[string]string{"hook": "yes"}), metav1.CreateOptions{}))(t)
	for _, key := range []string{"first", "second", "again"} {
		equal(t, key, made.Data[key], "yes")
	}
	equal(t, "warning", warned.last, "be careful")
	before := server.calls.Load()
	plain := must(client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("other", nil), metav1.CreateOptions{}))(t)
	must(client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "go-", Labels: map[string]string{"hook": "yes"}}}, metav1.CreateOptions{}))(t)
	equal(t, "data of what is not selected", len(plain.Data), 1)
	equal(t, "calls for what is not selected", server.calls.Load()-before, 0)
}

type warnings struct{ last string }

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) { w.last = text }

func TestValidatingWebhooks(t *testing.T) {
	ns, ctx, client, server := namespace(t), background(t), typed(t), webhookServer(t)
	server.on("/refuse", func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		if r.Operation == admissionv1.Delete && (len(r.OldObject.Raw) == 0 || len(r.Object.Raw) != 0) {
			t.Errorf("a deletion's object: %q, old object: %q", r.Object.Raw, r.OldObject.Raw)
		}
		if r.Operation == admissionv1.Update && len(r.OldObject.Raw) == 0 {
			t.Error("an update has no old object")
		}
		if r.Name == "bad" {
			return refuse("not this one")
		}
		return &admissionv1.AdmissionResponse{Allowed: true}
	})
	validating(t, client, "go-validating", admissionregistrationv1.ValidatingWebhook{Name: "refuse.go.example.com", ClientConfig: server.config("/refuse"),
		NamespaceSelector: inOwn(ns), Rules: onConfigMaps("CREATE", "UPDATE", "DELETE")})
	maps := client.CoreV1().ConfigMaps(ns)
	_, err := maps.Create(ctx, configMap("bad", nil), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || err.Error() != `admission webhook "refuse.go.example.com" denied the request: not this one` {
		t.Errorf("refusal: %v", err)
	}
	_, err = maps.Create(ctx, configMap("bad", nil), metav1.CreateOptions{DryRun: []string{"All"}})
	if !apierrors.IsForbidden(err) {
		t.Errorf("refusal of a dry run: %v", err)
	}
	good := must(maps.Create(ctx, configMap("good", nil), metav1.CreateOptions{}))(t)
	good.Data["k"] = "w"
	must(maps.Update(ctx, good, metav1.UpdateOptions{}))(t)
	check(t, maps.Delete(ctx, "good", metav1.DeleteOptions{}))
}

func TestWebhookFailures(t *testing.T) {
	ns, ctx, client, server := namespace(t), background(t), typed(t), webhookServer(t)
	release := make(chan struct{})
	server.mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	server.mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	for _, path := range []string{"/slow", "/broken"} {
		for _, policy := range []admissionregistrationv1.FailurePolicyType{admissionregistrationv1.Fail, admissionregistrationv1.Ignore} {
			name := "go" + path[1:] + "-" + map[admissionregistrationv1.FailurePolicyType]string{"Fail": "fail", "Ignore": "ignore"}[policy]
			validating(t, client, name, admissionregistrationv1.ValidatingWebhook{Name: name + ".example.com", ClientConfig: server.config(path), FailurePolicy: &policy,
				TimeoutSeconds: ptr.To[int32](1), NamespaceSelector: inOwn(ns), Rules: onConfigMaps("CREATE")})
			start := time.Now()
			_, err := client.CoreV1().ConfigMaps(ns).Create(ctx, configMap(name, nil), metav1.CreateOptions{})
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			if policy == admissionregistrationv1.Ignore {
				check(t, err)
			} else if !apierrors.IsInternalError(err) {
				t.Errorf("%s: %v", name, err)
			}
			check(t, client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{}))
		}
	}
}
