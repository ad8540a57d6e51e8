package clients

import (
	"encoding/json"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
)

func deployment(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](0),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{{
						Name: "c", Image: "example.com/image:1",
						Ports:     []corev1.ContainerPort{{ContainerPort: 80}},
						Env:       []corev1.EnvVar{{Name: "A", Value: "1"}},
						Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("0.5"), "memory": resource.MustParse("1024Mi")}},
						LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
							HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("http")}}},
					}},
					Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				},
			},
		},
	}
}

// The same object through protobuf and through JSON is stored the same, and reads of either kind give the same.
func TestTypedWritesInBothFormats(t *testing.T) {
	ns, ctx := namespace(t), background(t)
	viaProtobuf, viaJSON := typed(t), must(kubernetes.NewForConfig(asJSON()))(t)
	one := must(viaProtobuf.AppsV1().Deployments(ns).Create(ctx, deployment("d1"), metav1.CreateOptions{}))(t)
	d2 := deployment("d1")
	d2.Name = "d2"
	two := must(viaJSON.AppsV1().Deployments(ns).Create(ctx, d2, metav1.CreateOptions{}))(t)
	if !equality.Semantic.DeepEqual(one.Spec, two.Spec) {
		t.Errorf("specs differ:\n%+v\n%+v", one.Spec, two.Spec)
	}
	equal(t, "replicas", *one.Spec.Replicas, 0)
	equal(t, "strategy", one.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	equal(t, "maxSurge", one.Spec.Strategy.RollingUpdate.MaxSurge.String(), "25%")
	equal(t, "generation", one.Generation, 1)
	equal(t, "cpu", one.Spec.Template.Spec.Containers[0].Resources.Limits.Cpu().String(), "500m")
	// Only a Pod takes its requests from its limits.
	equal(t, "requests", len(one.Spec.Template.Spec.Containers[0].Resources.Requests), 0)
	for _, client := range []*kubernetes.Clientset{viaProtobuf, viaJSON} {
		got := must(client.AppsV1().Deployments(ns).Get(ctx, "d1", metav1.GetOptions{}))(t)
		if !equality.Semantic.DeepEqual(got.Spec, one.Spec) {
			t.Errorf("read differs from what the write answered")
		}
	}
	one.Spec.Replicas = ptr.To[int32](3)
	updated := must(viaProtobuf.AppsV1().Deployments(ns).Update(ctx, one, metav1.UpdateOptions{}))(t)
	equal(t, "generation", updated.Generation, 2)
	same := must(viaJSON.AppsV1().Deployments(ns).Update(ctx, updated, metav1.UpdateOptions{}))(t)
	equal(t, "version after a write that changes nothing", same.ResourceVersion, updated.ResourceVersion)
}

func TestSecretAndServiceBytes(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	secret := must(client.CoreV1().Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"},
		Data: map[string][]byte{"b": {0, 1, 0xff}, "empty": {}}, StringData: map[string]string{"t": "x"}}, metav1.CreateOptions{}))(t)
	equal(t, "type", secret.Type, corev1.SecretTypeOpaque)
	equal(t, "b", string(secret.Data["b"]), "\x00\x01\xff")
	equal(t, "t", string(secret.Data["t"]), "x")
	if _, there := secret.Data["empty"]; !there {
		t.Error("the empty value is gone")
	}
	service := must(client.CoreV1().Services(ns).Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s"},
		Spec: corev1.ServiceSpec{ClusterIP: "None", Ports: []corev1.ServicePort{{Name: "p", Port: 80}}}}, metav1.CreateOptions{}))(t)
	equal(t, "targetPort", service.Spec.Ports[0].TargetPort.IntValue(), 80)
	equal(t, "clusterIPs", fmt.Sprint(service.Spec.ClusterIPs), "[None]")
}

func TestErrorsByReason(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	must(maps.Create(ctx, configMap("a", nil), metav1.CreateOptions{}))(t)
	_, err := maps.Create(ctx, configMap("a", nil), metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		t.Errorf("second create: %v", err)
	}
	_, err = maps.Get(ctx, "absent", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) || err.Error() != `configmaps "absent" not found` {
		t.Errorf("get of an absent one: %v", err)
	}
	stale := configMap("a", nil)
	stale.ResourceVersion = "1"
	if _, err = maps.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("stale update: %v", err)
	}
	_, err = maps.Create(ctx, configMap("Bad_Name", nil), metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("bad name: %v", err)
	}
	var status apierrors.APIStatus = err.(*apierrors.StatusError)
	equal(t, "cause", status.Status().Details.Causes[0].Field, "metadata.name")
	_, err = client.CoreV1().ConfigMaps("no-such-namespace").Create(ctx, configMap("a", nil), metav1.CreateOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("create in an absent namespace: %v", err)
	}
	wrong := deployment("d")
	wrong.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"other": "x"}}
	if _, err = client.AppsV1().Deployments(ns).Create(ctx, wrong, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("selector that does not match: %v", err)
	}
	if err = maps.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("no")}); !apierrors.IsConflict(err) {
		t.Errorf("wrong uid: %v", err)
	}
}

func TestPatchTypes(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	deployments := client.AppsV1().Deployments(ns)
	must(deployments.Create(ctx, deployment("d"), metav1.CreateOptions{}))(t)
	got := must(deployments.Patch(ctx, "d", types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/replicas","value":0},{"op":"replace","path":"/spec/replicas","value":2}]`), metav1.PatchOptions{}))(t)
	equal(t, "replicas", *got.Spec.Replicas, 2)
	_, err := deployments.Patch(ctx, "d", types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/replicas","value":7}]`), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("failed test of a JSON patch: %v", err)
	}
	got = must(deployments.Patch(ctx, "d", types.MergePatchType, []byte(`{"metadata":{"annotations":{"a":"b"}},"spec":{"revisionHistoryLimit":null}}`), metav1.PatchOptions{}))(t)
	equal(t, "annotation", got.Annotations["a"], "b")
	equal(t, "revisionHistoryLimit", *got.Spec.RevisionHistoryLimit, 10)
	got = must(deployments.Patch(ctx, "d", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x"},{"name":"c","env":[{"name":"B","value":"2"}]}]}}}}`), metav1.PatchOptions{}))(t)
	equal(t, "containers", len(got.Spec.Template.Spec.Containers), 2)
	for _, container := range got.Spec.Template.Spec.Containers {
		if container.Name == "c" {
			equal(t, "environment", len(container.Env), 2)
		}
	}
	before := got.ResourceVersion
	got = must(deployments.Patch(ctx, "d", types.MergePatchType, []byte(`{"spec":{"replicas":9}}`), metav1.PatchOptions{DryRun: []string{"All"}}))(t)
	equal(t, "replicas of the dry run", *got.Spec.Replicas, 9)
	equal(t, "version after the dry run", must(deployments.Get(ctx, "d", metav1.GetOptions{}))(t).ResourceVersion, before)
	_, err = deployments.Patch(ctx, "d", types.MergePatchType, []byte(`{"metadata":{"resourceVersion":"1"}}`), metav1.PatchOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("patch with an old version: %v", err)
	}
}

func TestTypedApply(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	labels := map[string]string{"app": "a"}
	config := appsapply.Deployment("d", ns).WithSpec(appsapply.DeploymentSpec().WithReplicas(2).
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().
			WithContainers(coreapply.Container().WithName("c").WithImage("i:1").WithPorts(coreapply.ContainerPort().WithContainerPort(80))))))
	deployments := client.AppsV1().Deployments(ns)
	made := must(deployments.Apply(ctx, config, metav1.ApplyOptions{FieldManager: "one"}))(t)
	equal(t, "managers", len(made.ManagedFields), 1)
	again := must(deployments.Apply(ctx, config, metav1.ApplyOptions{FieldManager: "one"}))(t)
	equal(t, "version after applying the same", again.ResourceVersion, made.ResourceVersion)
	other := appsapply.Deployment("d", ns).WithSpec(appsapply.DeploymentSpec().WithReplicas(5))
	_, err := deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) {
		t.Fatalf("apply of a field that another owns: %v", err)
	}
	equal(t, "cause", err.(*apierrors.StatusError).ErrStatus.Details.Causes[0].Field, ".spec.replicas")
	forced := must(deployments.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "two", Force: true}))(t)
	equal(t, "replicas", *forced.Spec.Replicas, 5)
	// A program takes what it owns from the live object, changes it and applies that.
	extracted := must(appsapply.ExtractDeployment(forced, "one"))(t)
	if extracted.Spec.Replicas != nil || extracted.Spec.Template.Spec.Containers[0].Image == nil {
		t.Errorf("extracted configuration: %+v", extracted.Spec)
	}
	extracted.Spec.Template.Spec.Containers[0].WithImage("i:2")
	applied := must(deployments.Apply(ctx, extracted, metav1.ApplyOptions{FieldManager: "one"}))(t)
	equal(t, "image", applied.Spec.Template.Spec.Containers[0].Image, "i:2")
	status := must(deployments.ApplyStatus(ctx, appsapply.Deployment("d", ns).WithStatus(appsapply.DeploymentStatus().WithReplicas(1)), metav1.ApplyOptions{FieldManager: "three"}))(t)
	equal(t, "status", status.Status.Replicas, 1)
	if _, err = deployments.ApplyStatus(ctx, appsapply.Deployment("absent", ns), metav1.ApplyOptions{FieldManager: "three"}); !apierrors.IsNotFound(err) {
		t.Errorf("status of an absent object: %v", err)
	}
}

func TestRetryOnConflict(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	must(maps.Create(ctx, configMap("n", nil), metav1.CreateOptions{}))(t)
	const writers = 8
	failures := make(chan error, writers)
	for i := range writers {
		go func() {
			failures <- retry.OnError(retry.DefaultBackoff, apierrors.IsConflict, func() error {
				return retry.RetryOnConflict(retry.DefaultRetry, func() error {
					got, err := maps.Get(ctx, "n", metav1.GetOptions{})
					if err != nil {
						return err
					}
					got.Data[fmt.Sprint(i)] = "x"
					_, err = maps.Update(ctx, got, metav1.UpdateOptions{})
					return err
				})
			})
		}()
	}
	for range writers {
		check(t, receive(t, "writer", failures))
	}
	equal(t, "entries", len(must(maps.Get(ctx, "n", metav1.GetOptions{}))(t).Data), writers+1)
}

func TestDynamic(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), dynamicClient(t)
	deployments := client.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace(ns)
	content := must(runtime.DefaultUnstructuredConverter.ToUnstructured(deployment("d")))(t)
	object := &unstructured.Unstructured{Object: content}
	object.SetAPIVersion("apps/v1")
	object.SetKind("Deployment")
	made := must(deployments.Create(ctx, object, metav1.CreateOptions{}))(t)
	equal(t, "kind", made.GetKind(), "Deployment")
	check(t, unstructured.SetNestedField(made.Object, int64(4), "spec", "replicas"))
	made = must(deployments.Update(ctx, made, metav1.UpdateOptions{}))(t)
	list := must(deployments.List(ctx, metav1.ListOptions{}))(t)
	equal(t, "items", len(list.Items), 1)
	equal(t, "kind of a list's item", list.Items[0].GetKind(), "Deployment")
	equal(t, "kind of the list", list.GetKind(), "DeploymentList")
	applied := must(deployments.Apply(ctx, "e", &unstructured.Unstructured{Object: func() map[string]any {
		var m map[string]any
		check(t, json.Unmarshal([]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"e"},"spec":{"selector":{"matchLabels":{"a":"b"}},
			"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`), &m))
		return m
	}()}, metav1.ApplyOptions{FieldManager: "dyn"}))(t)
	equal(t, "name", applied.GetName(), "e")
	scale := must(deployments.Get(ctx, "d", metav1.GetOptions{}, "scale"))(t)
	equal(t, "kind of the scale", scale.GetKind(), "Scale")
	// A body whose unknown field a strict server refuses.
	check(t, unstructured.SetNestedField(made.Object, "x", "spec", "nosuch"))
	_, err := deployments.Update(ctx, made, metav1.UpdateOptions{FieldValidation: "Strict"})
	if !apierrors.IsBadRequest(err) {
		t.Errorf("unknown field under Strict: %v", err)
	}
	check(t, deployments.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
	equal(t, "items", len(must(deployments.List(ctx, metav1.ListOptions{}))(t).Items), 0)
}
