#include "client/kubeconfig.h"

#include <doctest/doctest.h>

namespace plinth::client {
namespace {

std::string config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\ncontexts:\n- name: here\n  context: {cluster: c, user: u}\n- "
         "name: lost\n  context: "
         "{cluster: none, user: u}\nclusters:\n- name: c\n  cluster: {" +
         cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n";
}

Result<std::string> no_file(const std::string& path) { return Error(Reason::kNotFound, "no file " + path); }
Result<std::string> a_file(const std::string& path) { return "content of " + path + "\n"; }

TEST_CASE("servers") {
  struct Row {
    const char *url, *address, *prefix;
    bool tls;
  };
  for (const Row& row :
       {Row{"https://10.0.0.1:6443", "10.0.0.1:6443", "", true}, Row{"https://example.com", "example.com:443", "", true},
        Row{"http://[::1]", "[::1]:80", "", false}, Row{"https://h/k8s/clusters/c-1/", "h:443", "/k8s/clusters/c-1", true}}) {
    CAPTURE(row.url);
    const auto read = parse_kubeconfig(config("server: \"" + std::string(row.url) + "\"", "token: t"), "", no_file);
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message()));
    CHECK(read->address == row.address);
    CHECK(read->path_prefix == row.prefix);
    CHECK(read->tls == row.tls);
    CHECK(read->token == "t");
  }
}

TEST_CASE("credentials inline and in files") {
  auto read = parse_kubeconfig(config("server: https://h, certificate-authority-data: Y2E=, tls-server-name: other",
                                      "client-certificate-data: Y3J0, client-key-data: a2V5"),
                               "here", no_file);
  REQUIRE(read.ok());
  CHECK(read->ca_pem == "ca");
  CHECK(read->server_name == "other");
  CHECK(read->identity.certificate_pem == "crt");
  CHECK(read->identity.private_key_pem == "key");
  read = parse_kubeconfig(
      config("server: https://h, certificate-authority: /ca, insecure-skip-tls-verify: true", "tokenFile: /t"), "", a_file);
  REQUIRE(read.ok());
  CHECK(read->ca_pem == "content of /ca\n");
  CHECK(read->insecure);
  CHECK(read->token == "content of /t");
  CHECK(read->token_file == "/t");
}

TEST_CASE("what cannot be used is named") {
  struct Row {
    std::string text, context, says;
  };
  const Row rows[] = {
      {config("server: https://h", "exec: {command: aws}"), "", "users with exec are not supported"},
      {config("server: https://h", "username: a, password: b"), "", "users with username are not supported"},
      {config("server: https://h, proxy-url: http://p", ""), "", "proxy-url is not supported"},
      {config("server: h:1", ""), "", "no http or https URL"},
      {config("server: https://h", "client-certificate-data: Y3J0"), "", "needs its key"},
      {config("server: https://h", "client-certificate-data: '!', client-key-data: a2V5"), "",
       "client-certificate-data is not base64"},
      {config("server: https://h", ""), "there", "contexts has no entry named \"there\""},
      {config("server: https://h", ""), "lost", "clusters has no entry named \"none\""},
      {config("server: https://h, certificate-authority: /ca", ""), "", "no file /ca"},
      {"{}", "", "no current-context"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.says);
    const auto read = parse_kubeconfig(row.text, row.context, no_file);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message().find(row.says) != std::string::npos);
  }
}

}  // namespace
}  // namespace plinth::client
