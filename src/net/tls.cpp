#include "net/tls.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/pem.h>

#include "net/tls_context.h"

namespace plinth {

net::SslPtr TlsServerContext::new_connection() {
  const std::lock_guard lock(mutex);
  net::SslPtr ssl(SSL_new(context.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

Result<net::SslPtr> TlsClientContext::new_connection(const std::string& server_name) {
  net::SslPtr ssl(SSL_new(context.get()));
  if (!ssl) return net::openssl_error("open TLS connection");
  SSL_set_connect_state(ssl.get());
  unsigned char address[16];
  const bool is_address =
      inet_pton(AF_INET, server_name.c_str(), address) == 1 || inet_pton(AF_INET6, server_name.c_str(), address) == 1;
  if (!is_address && !server_name.empty()) SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
  if (!verify) return ssl;
  const bool set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name.c_str()) == 1
                              : !server_name.empty() && SSL_set1_host(ssl.get(), server_name.c_str()) == 1;
  if (!set) return net::openssl_error(fmt::format("TLS server name \"{}\"", server_name));
  return ssl;
}

namespace net {
namespace {

constexpr unsigned char kSessionContext[] = "plinth";
// How long a client may skip the full handshake, in seconds. Short, because a resumed session carries the verdict on its
// client certificate along.
constexpr long kSessionSeconds = 300;
constexpr unsigned char kProtocols[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned int in_size,
                    void*) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocols, sizeof kProtocols, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// Each name after a byte with its length: RFC 7301 section 3.1.
std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string out;
  for (const std::string& protocol : protocols) {
    out += static_cast<char>(protocol.size());
    out += protocol;
  }
  return out;
}

// A certificate that does not verify does not end the handshake: its request is answered as one without a certificate.
// SSL_get_verify_result() keeps the verdict.
int accept_any_certificate(int, X509_STORE_CTX*) { return 1; }

Result<std::vector<X509Ptr>> read_certificates(std::string_view pem, std::string_view what) {
  std::vector<X509Ptr> out;
  const BioPtr bio = bio_over(pem);
  while (X509Ptr one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) out.push_back(std::move(one));
  ERR_clear_error();  // the end of the text is an error to PEM_read
  if (out.empty()) return Error(Reason::kInvalid, fmt::format("{}: no PEM certificate in it", what));
  return out;
}

Result<void> use_identity(SSL_CTX* context, const KeyPair& identity) {
  const auto chain = TRY(read_certificates(identity.certificate_pem, "TLS certificate"));
  const PkeyPtr key(PEM_read_bio_PrivateKey(bio_over(identity.private_key_pem).get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_error("TLS private key");
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) return openssl_error("TLS certificate");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return openssl_error("TLS certificate chain");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return openssl_error("TLS certificate and private key");
  return {};
}

Result<void> trust(SSL_CTX* context, const std::vector<X509Ptr>& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) return openssl_error("TLS certificate authority");
  }
  return {};
}

Result<SslContextPtr> new_context(const SSL_METHOD* method) {
  SslContextPtr context(SSL_CTX_new(method));
  if (!context) return openssl_error("make TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections keep no 16 KB record buffers.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // What Go, Chrome and curl offer first; AES-128 is the faster of the two on every machine with AES instructions.
  SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set1_groups_list(context.get(), "X25519:P-256:P-384");
  return context;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// During a handshake, which the context outlives: its listener's acceptor holds it.
int choose_identity(SSL* ssl, int*, void* argument) {
  auto& server = *static_cast<TlsServerContext*>(argument);
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_OK;
  const std::string name = lower_case(asked);
  const std::lock_guard lock(server.mutex);
  auto found = server.named.find(name);
  if (found == server.named.end() && name.find('.') != std::string::npos)
    found = server.named.find("*" + name.substr(name.find('.')));
  if (found != server.named.end()) SSL_set_SSL_CTX(ssl, found->second->get());
  return SSL_TLSEXT_ERR_OK;
}

Result<SslContextPtr> new_server_context(const KeyPair& identity, const std::string& client_ca_pem) {
  SslContextPtr context = TRY(new_context(TLS_server_method()));
  TRY(use_identity(context.get(), identity));
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  // Resumption by tickets only: nothing is kept here per session.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_timeout(context.get(), kSessionSeconds);
  SSL_CTX_set_num_tickets(context.get(), 1);
  if (client_ca_pem.empty()) return context;
  const auto authorities = TRY(read_certificates(client_ca_pem, "client CA"));
  TRY(trust(context.get(), authorities));
  for (const X509Ptr& authority : authorities) SSL_CTX_add_client_CA(context.get(), authority.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, accept_any_certificate);
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> make_server_context(const KeyPair& identity, const std::string& client_ca_pem) {
  auto server = std::make_shared<TlsServerContext>();
  server->client_ca_pem = client_ca_pem;
  server->context = TRY(new_server_context(identity, client_ca_pem));
  SSL_CTX_set_tlsext_servername_callback(server->context.get(), choose_identity);
  SSL_CTX_set_tlsext_servername_arg(server->context.get(), server.get());
  return server;
}

Result<void> renew_identity(TlsServerContext& context, const KeyPair& identity) {
  SslContextPtr renewed = TRY(new_server_context(identity, context.client_ca_pem));
  SSL_CTX_set_tlsext_servername_callback(renewed.get(), choose_identity);
  SSL_CTX_set_tlsext_servername_arg(renewed.get(), &context);
  const std::lock_guard lock(context.mutex);
  context.context.swap(renewed);  // the old one dies with its last connection
  return {};
}

std::vector<Error> set_named_identities(TlsServerContext& context, const std::vector<NamedIdentity>& identities) {
  std::vector<Error> wrong;
  std::map<std::string, std::shared_ptr<SslContextPtr>, std::less<>> named;
  for (const NamedIdentity& one : identities) {
    auto made = new_server_context(one.identity, context.client_ca_pem);
    if (!made.ok()) {
      wrong.push_back(std::move(made).error());
      wrong.back().set_message((one.names.empty() ? "" : one.names.front() + ": ") + wrong.back().message());
      continue;
    }
    const auto shared = std::make_shared<SslContextPtr>(std::move(*made));
    for (const std::string& name : one.names) named.emplace(name, shared);
  }
  const std::lock_guard lock(context.mutex);
  context.named.swap(named);
  return wrong;
}

Result<std::shared_ptr<TlsClientContext>> make_client_context(const std::string& ca_pem, const KeyPair& identity,
                                                              bool insecure_skip_verify,
                                                              const std::vector<std::string>& protocols) {
  auto client = std::make_shared<TlsClientContext>();
  client->context = TRY(new_context(TLS_client_method()));
  client->verify = !insecure_skip_verify;
  SSL_CTX* context = client->context.get();
  SSL_CTX_set_verify(context, insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  const std::string offered = alpn_list(protocols);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
  if (!identity.certificate_pem.empty()) TRY(use_identity(context, identity));
  if (insecure_skip_verify) return client;
  if (ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) return openssl_error("system certificate authorities");
    return client;
  }
  TRY(trust(context, TRY(read_certificates(ca_pem, "CA bundle"))));
  // Whatever is in the bundle is trusted, as Go does it: operators put the server's own certificate there, or an intermediate
  // one.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return client;
}

}  // namespace net
}  // namespace plinth
