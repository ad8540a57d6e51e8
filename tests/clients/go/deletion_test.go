package clients

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func ownedBy(owner metav1.Object, kind string, block bool) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "v1", Kind: kind, Name: owner.GetName(), UID: owner.GetUID(), BlockOwnerDeletion: ptr.To(block)}}
}

func TestDeletionPropagation(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	gone := func(name string) func() bool {
		return func() bool {
			_, err := maps.Get(ctx, name, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		}
	}
	for _, policy := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan} {
		owner := must(maps.Create(ctx, configMap("owner", nil), metav1.CreateOptions{}))(t)
		dependent := configMap("dependent", nil)
		dependent.OwnerReferences = ownedBy(owner, "ConfigMap", true)
		if policy == metav1.DeletePropagationForeground {
			dependent.Finalizers = []string{"example.com/hold"}
		}
		must(maps.Create(ctx, dependent, metav1.CreateOptions{}))(t)
		check(t, maps.Delete(ctx, "owner", metav1.DeleteOptions{PropagationPolicy: &policy}))
		switch policy {
		case metav1.DeletePropagationForeground:
			eventually(t, "the dependent is being deleted", func() bool {
				d, err := maps.Get(ctx, "dependent", metav1.GetOptions{})
				return err == nil && d.DeletionTimestamp != nil
			})
			waiting := must(maps.Get(ctx, "owner", metav1.GetOptions{}))(t)
			equal(t, "finalizer of the owner", waiting.Finalizers[0], metav1.FinalizerDeleteDependents)
			must(maps.Patch(ctx, "dependent", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}))(t)
			eventually(t, "both are gone", func() bool { return gone("owner")() && gone("dependent")() })
		case metav1.DeletePropagationBackground:
			eventually(t, "the dependent is gone", gone("dependent"))
		case metav1.DeletePropagationOrphan:
			eventually(t, "the owner is gone", gone("owner"))
			left := must(maps.Get(ctx, "dependent", metav1.GetOptions{}))(t)
			equal(t, "owners of what is left", len(left.OwnerReferences), 0)
		}
	}
}

func TestFinalizersAndGrace(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	maps := client.CoreV1().ConfigMaps(ns)
	held := configMap("held", nil)
	held.Finalizers = []string{"example.com/hold"}
	must(maps.Create(ctx, held, metav1.CreateOptions{}))(t)
	check(t, maps.Delete(ctx, "held", metav1.DeleteOptions{}))
	waiting := must(maps.Get(ctx, "held", metav1.GetOptions{}))(t)
	if waiting.DeletionTimestamp == nil || *waiting.DeletionGracePeriodSeconds != 0 {
		t.Errorf("held: %+v", waiting.ObjectMeta)
	}
	more := waiting.DeepCopy()
	more.Finalizers = append(more.Finalizers, "example.com/more")
	if _, err := maps.Update(ctx, more, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
		t.Errorf("a finalizer added while deleting: %v", err)
	}
	waiting.Finalizers = nil
	must(maps.Update(ctx, waiting, metav1.UpdateOptions{}))(t)
	if _, err := maps.Get(ctx, "held", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after the last finalizer: %v", err)
	}
	bound := pod("p", nil)
	bound.Spec.NodeName = "n"
	must(client.CoreV1().Pods(ns).Create(ctx, bound, metav1.CreateOptions{}))(t)
	check(t, client.CoreV1().Pods(ns).Delete(ctx, "p", metav1.DeleteOptions{}))
	ending := must(client.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{}))(t)
	equal(t, "grace", *ending.DeletionGracePeriodSeconds, 30)
	check(t, client.CoreV1().Pods(ns).Delete(ctx, "p", *metav1.NewDeleteOptions(0)))
	if _, err := client.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("after grace 0: %v", err)
	}
}

func TestNamespaceDeletion(t *testing.T) {
	ctx, client := background(t), typed(t)
	ns := namespace(t)
	held := configMap("held", nil)
	held.Finalizers = []string{"example.com/hold"}
	must(client.CoreV1().ConfigMaps(ns).Create(ctx, held, metav1.CreateOptions{}))(t)
	must(client.AppsV1().ReplicaSets(ns).Create(ctx, &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "r"}, Spec: appsv1.ReplicaSetSpec{
		Replicas: ptr.To[int32](0), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: pod("", nil).Spec}}}, metav1.CreateOptions{}))(t)
	check(t, client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}))
	eventually(t, "conditions say what holds the namespace", func() bool {
		n, err := client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
		if err != nil || n.Status.Phase != corev1.NamespaceTerminating {
			return false
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NamespaceFinalizersRemaining && c.Status == corev1.ConditionTrue {
				return true
			}
		}
		return false
	})
	_, err := client.CoreV1().ConfigMaps(ns).Create(ctx, configMap("late", nil), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		t.Errorf("create in a namespace that ends: %v", err)
	}
	must(client.CoreV1().ConfigMaps(ns).Patch(ctx, "held", types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`), metav1.PatchOptions{}))(t)
	eventually(t, "the namespace is gone", func() bool {
		_, err := client.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}
