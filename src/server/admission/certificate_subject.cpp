#include "server/admission/certificate_subject.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace plinth::server {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeRequest {
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};

// The parts of the subject with that id.
Result<std::vector<std::string>> subject_parts(std::string_view pem, int id) {
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::unique_ptr<X509_REQ, FreeRequest> request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return bad_request("PEM block type must be CERTIFICATE REQUEST");
  std::vector<std::string> out;
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, id, at)) >= 0;) {
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> organizations_of(std::string_view pem) { return subject_parts(pem, NID_organizationName); }

Result<std::string> common_name_of(std::string_view pem) {
  std::vector<std::string> names = TRY(subject_parts(pem, NID_commonName));
  return names.empty() ? std::string() : std::move(names.back());
}

}  // namespace plinth::server
