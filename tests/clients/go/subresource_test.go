package clients

import (
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyautoscaling "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/utils/ptr"
)

func pod(name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "example.com/i"}}}}
}

func TestStatusSubresource(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	made := must(client.CoreV1().Pods(ns).Create(ctx, pod("p", nil), metav1.CreateOptions{}))(t)
	equal(t, "phase", made.Status.Phase, corev1.PodPending)
	equal(t, "quality of service", made.Status.QOSClass, corev1.PodQOSBestEffort)
	made.Status.Phase = corev1.PodRunning
	made.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
	made.Labels = map[string]string{"ignored": "no"}
	updated := must(client.CoreV1().Pods(ns).UpdateStatus(ctx, made, metav1.UpdateOptions{}))(t)
	equal(t, "phase", updated.Status.Phase, corev1.PodRunning)
	updated.Status.Phase = corev1.PodFailed
	updated.Annotations = map[string]string{"a": "b"}
	main := must(client.CoreV1().Pods(ns).Update(ctx, updated, metav1.UpdateOptions{}))(t)
	equal(t, "phase after a write of the object", main.Status.Phase, corev1.PodRunning)
	patched := must(client.CoreV1().Pods(ns).Patch(ctx, "p", types.StrategicMergePatchType,
		[]byte(`{"status":{"conditions":[{"type":"X","status":"True"}],"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]}}`), metav1.PatchOptions{}, "status"))(t)
	equal(t, "conditions", len(patched.Status.Conditions), 2)
}

func TestScaleClients(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	must(client.AppsV1().Deployments(ns).Create(ctx, deployment("d"), metav1.CreateOptions{}))(t)
	got := must(client.AppsV1().Deployments(ns).GetScale(ctx, "d", metav1.GetOptions{}))(t)
	got.Spec.Replicas = 3
	got = must(client.AppsV1().Deployments(ns).UpdateScale(ctx, "d", got, metav1.UpdateOptions{}))(t)
	equal(t, "replicas", got.Spec.Replicas, 3)
	equal(t, "selector", got.Status.Selector, "app=d")
	got = must(client.AppsV1().Deployments(ns).ApplyScale(ctx, "d", applyautoscaling.Scale().WithSpec(applyautoscaling.ScaleSpec().WithReplicas(4)),
		metav1.ApplyOptions{FieldManager: "scaler", Force: true}))(t)
	equal(t, "replicas", got.Spec.Replicas, 4)
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	scales := must(scale.NewForConfig(config, mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(client.Discovery())))(t)
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	read := must(scales.Scales(ns).Get(ctx, resource, "d", metav1.GetOptions{}))(t)
	read.Spec.Replicas = 6
	read = must(scales.Scales(ns).Update(ctx, resource, read, metav1.UpdateOptions{}))(t)
	read = must(scales.Scales(ns).Patch(ctx, resource.WithVersion("v1"), "d", types.MergePatchType, []byte(`{"spec":{"replicas":7}}`), metav1.PatchOptions{}))(t)
	equal(t, "replicas", read.Spec.Replicas, 7)
	stale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "d", Namespace: ns, ResourceVersion: "1"}, Spec: autoscalingv1.ScaleSpec{Replicas: 1}}
	if _, err := scales.Scales(ns).Update(ctx, resource, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("stale scale: %v", err)
	}
}

func TestEvictionAndBinding(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	labels := map[string]string{"app": "e"}
	must(client.CoreV1().Pods(ns).Create(ctx, pod("p", labels), metav1.CreateOptions{}))(t)
	check(t, client.CoreV1().Pods(ns).Bind(ctx, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Node", Name: "n"}}, metav1.CreateOptions{}))
	bound := must(client.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{}))(t)
	equal(t, "node", bound.Spec.NodeName, "n")
	err := client.CoreV1().Pods(ns).Bind(ctx, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Node", Name: "m"}}, metav1.CreateOptions{})
	if !apierrors.IsConflict(err) {
		t.Errorf("second binding: %v", err)
	}
	bound.Status.Phase = corev1.PodRunning
	bound.Status.Conditions = append(bound.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	must(client.CoreV1().Pods(ns).UpdateStatus(ctx, bound, metav1.UpdateOptions{}))(t)
	budget := must(client.PolicyV1().PodDisruptionBudgets(ns).Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "b"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: labels}}}, metav1.CreateOptions{}))(t)
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, CurrentHealthy: 1, DesiredHealthy: 1, ExpectedPods: 1}
	budget = must(client.PolicyV1().PodDisruptionBudgets(ns).UpdateStatus(ctx, budget, metav1.UpdateOptions{}))(t)
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: ns}}
	err = client.PolicyV1().Evictions(ns).Evict(ctx, eviction)
	if !apierrors.IsTooManyRequests(err) || !apierrors.HasStatusCause(err, policyv1.DisruptionBudgetCause) {
		t.Errorf("eviction against the budget: %v", err)
	}
	budget.Status.DisruptionsAllowed = 1
	must(client.PolicyV1().PodDisruptionBudgets(ns).UpdateStatus(ctx, budget, metav1.UpdateOptions{}))(t)
	check(t, client.PolicyV1().Evictions(ns).Evict(ctx, eviction))
	charged := must(client.PolicyV1().PodDisruptionBudgets(ns).Get(ctx, "b", metav1.GetOptions{}))(t)
	equal(t, "disruptions left", charged.Status.DisruptionsAllowed, 0)
	if _, charged := charged.Status.DisruptedPods["p"]; !charged {
		t.Error("the budget does not know of the eviction")
	}
	evicted := must(client.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{}))(t)
	if evicted.DeletionTimestamp == nil || evicted.Status.Conditions[len(evicted.Status.Conditions)-1].Type != corev1.DisruptionTarget {
		t.Errorf("evicted pod: %+v", evicted.Status.Conditions)
	}
	check(t, client.PolicyV1().PodDisruptionBudgets(ns).Delete(ctx, "b", metav1.DeleteOptions{}))
	eviction.DeleteOptions = &metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	check(t, client.PolicyV1().Evictions(ns).Evict(ctx, eviction))
	if _, err = client.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("pod after the eviction: %v", err)
	}
}

func TestTokensAndReviews(t *testing.T) {
	ns, ctx, client := namespace(t), background(t), typed(t)
	must(client.CoreV1().ServiceAccounts(ns).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{}))(t)
	request := must(client.CoreV1().ServiceAccounts(ns).CreateToken(ctx, "robot", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](600)}}, metav1.CreateOptions{}))(t)
	user := "system:serviceaccount:" + ns + ":robot"
	review := must(client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: request.Status.Token}}, metav1.CreateOptions{}))(t)
	equal(t, "user of the token", review.Status.User.Username, user)
	forged := must(client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: request.Status.Token + "x"}}, metav1.CreateOptions{}))(t)
	equal(t, "a forged token", forged.Status.Authenticated, false)
	anonymous := rest.AnonymousClientConfig(config)
	anonymous.BearerToken = request.Status.Token
	robot := must(kubernetes.NewForConfig(anonymous))(t)
	self := must(robot.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}))(t)
	equal(t, "self", self.Status.UserInfo.Username, user)
	allowed := func() bool {
		answer := must(robot.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: ns, Verb: "get", Resource: "configmaps"}}}, metav1.CreateOptions{}))(t)
		return answer.Status.Allowed
	}
	equal(t, "allowed before", allowed(), false)
	_, err := robot.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("list without the right: %v", err)
	}
	must(client.RbacV1().Roles(ns).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "r"},
		Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list"}}}}, metav1.CreateOptions{}))(t)
	must(client.RbacV1().RoleBindings(ns).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "r"}, RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "r"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: ns}}}, metav1.CreateOptions{}))(t)
	equal(t, "allowed after", allowed(), true)
	must(robot.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{}))(t)
	rules := must(robot.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: ns}}, metav1.CreateOptions{}))(t)
	if len(rules.Status.ResourceRules) == 0 {
		t.Error("no rules")
	}
	_, err = robot.RbacV1().Roles(ns).Create(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "more"}}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("role made by one who may not: %v", err)
	}
	impersonating := rest.CopyConfig(config)
	impersonating.Impersonate = rest.ImpersonationConfig{UserName: user}
	same := must(kubernetes.NewForConfig(impersonating))(t)
	must(same.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{}))(t)
	if _, err = same.CoreV1().Secrets(ns).List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("impersonated list: %v", err)
	}
	check(t, client.CoreV1().ServiceAccounts(ns).Delete(ctx, "robot", metav1.DeleteOptions{}))
	if _, err = robot.CoreV1().ConfigMaps(ns).List(ctx, metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("token of a deleted account: %v", err)
	}
}
