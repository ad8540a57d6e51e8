#include "cli/examples.h"

#include <map>

namespace plinth::cli {
namespace {

using Table = std::map<std::string_view, std::vector<Example>>;

const Table& table() {
  static const Table all = {
      {"up",
       {{"a control plane, and kubectl on it", "plinth up --write-kubeconfig kubeconfig"},
        {"with pods that only play: no root is needed", "plinth up --node sim --write-kubeconfig kubeconfig"},
        {"with pods in containers, as root; images of a folder are known from the start",
         "plinth up --data-dir /var/lib/plinth --node cri --images ./images --write-kubeconfig kubeconfig"},
        {"for a test: nothing is kept, every port is free",
         "plinth up --data-dir :memory: --api 127.0.0.1:0 --write-kubeconfig kubeconfig -o json"}}},
      {"down",
       {{"end all pods of a platform that has ended", "plinth down --data-dir /var/lib/plinth"},
        {"within 30 seconds, whatever grace the pods have", "plinth down --data-dir /var/lib/plinth --grace 30"}}},
      {"attach", {{"composition for a cluster that you have", "plinth attach --kubeconfig ~/.kube/config"}}},
      {"get",
       {{"objects of a namespace", "plinth get deployments -n a-team"},
        {"everywhere, by label", "plinth get pods -A -l app=silly-demo"},
        {"one, whole", "plinth get application silly-demo -n a-team -o yaml"}}},
      {"kinds", {{"what a cluster serves", "plinth kinds"}, {"only names", "plinth kinds -o name"}}},
      {"apply", {{"a definition and an instance of it", "plinth apply -f definition.yaml -f instance.yaml"}}},
      {"delete",
       {{"an object, and wait until it is gone", "plinth delete application silly-demo -n a-team"},
        {"what files name", "plinth delete -f instance.yaml"}}},
      {"tree",
       {{"what belongs to an instance, down to its pods", "plinth tree application silly-demo -n a-team"},
        {"what a definition defines", "plinth tree rgd application"}}},
      {"status", {{"what runs, and what is not as it should be", "plinth status"}, {"for programs", "plinth status -o json"}}},
      {"explain-instance", {{"what every expression gives", "plinth explain-instance application silly-demo -n a-team"}}},
      {"render", {{"what an instance becomes", "plinth render -f definition.yaml -f instance.yaml"}}},
      {"validate",
       {{"definitions and instances, before they are applied", "plinth validate -f definition.yaml -f instance.yaml"}}},
      {"kubeconfig", {{"for kubectl on this machine", "plinth kubeconfig --data-dir ./plinth-data > kubeconfig"}}},
      {"snapshot save", {{"everything in one file", "plinth snapshot save --data-dir ./plinth-data backup.snapshot"}}},
      {"snapshot restore", {{"a new data directory from it", "plinth snapshot restore --data-dir ./restored backup.snapshot"}}},
      {"secrets rotate-key", {{"a new key for all Secrets at rest", "plinth secrets rotate-key --data-dir ./plinth-data"}}},
      {"image import",
       {{"an archive that skopeo or docker wrote", "plinth image import app.tar"},
        {"under a name of your own", "plinth image import app.tar --name registry.example/app:1.0"}}},
      {"image list", {{"what pods get without another registry", "plinth image list"}}},
      {"image remove", {{"forget a name", "plinth image remove registry.example/app:1.0"}}},
      {"cel eval",
       {{"an expression", "plinth cel eval '[1, 2, 3].map(x, x * 2)'"},
        {"over variables of a file", "plinth cel eval 'spec.replicas > 1' --vars vars.yaml"}}},
      {"cel conformance", {{"files of cel-spec's suite", "plinth cel conformance basic.json strings.json"}}},
      {"csi-driver",
       {{"the built-in driver for another orchestrator",
         "plinth csi-driver --endpoint unix:///run/plinth-csi.sock --state /var/lib/plinth-volumes"}}},
      {"completion",
       {{"for this shell", "source <(plinth completion bash)"},
        {"for every shell of zsh", "plinth completion zsh > \"${fpath[1]}/_plinth\""},
        {"for fish", "plinth completion fish > ~/.config/fish/completions/plinth.fish"}}},
      {"manual", {{"a manual page of every command", "plinth manual ./man1 && man ./man1/plinth-up.1"}}},
      {"version", {{"of the program and of the API that it speaks", "plinth version"}}},
  };
  return all;
}

}  // namespace

const std::vector<Example>& examples_of(std::string_view command) {
  static const std::vector<Example> none;
  const auto found = table().find(command);
  return found == table().end() ? none : found->second;
}

std::string_view group_help(std::string_view word) {
  static const std::map<std::string_view, std::string_view> all = {
      {"snapshot", "write a data directory to one file, and make one from it"},
      {"secrets", "the key that Secrets are encrypted with at rest"},
      {"cel", "evaluate expressions; run cel-spec's suite"},
      {"image", "images that pods get without a registry elsewhere"},
  };
  const auto found = all.find(word);
  return found == all.end() ? std::string_view() : found->second;
}

}  // namespace plinth::cli
